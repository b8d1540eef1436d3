// Everything of this package that makes no calls: readers of JSON, the error, redaction. For programs that have to stay small and that
// read answers or judge errors without a client of their own: no file behind this entry loads the HTTP library (local.spec.ts of packet-api).
export * from './call.ts';
export * from './cloud-api-error.ts';
export * from './json.ts';
export { classifyIdMessageBody } from './failure.ts';
export type { ApiErrorBody, ClassifyBody } from './failure.ts';
export type { CallEvent, OnCall } from './call-report.ts';
export { nextFromLinks } from './paging.ts';
export type { NextLink } from './paging.ts';
export { redact } from './redact.ts';
export { tokenFile } from './token-file.ts';
