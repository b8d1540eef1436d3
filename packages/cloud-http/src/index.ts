// The public surface of @longshore/cloud-http.
export * from './call.ts';
export * from './cloud-api-error.ts';
export * from './cloud-http.ts';
export * from './json.ts';
export { classifyIdMessageBody } from './failure.ts';
export type { ApiErrorBody, ClassifyBody } from './failure.ts';
export type { CallEvent, OnCall } from './call-report.ts';
export type { Env } from './agent.ts';
export { nextFromLinks } from './paging.ts';
export type { NextLink } from './paging.ts';
export { redact } from './redact.ts';
export { tokenFile } from './token-file.ts';
