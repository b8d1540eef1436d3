// The public surface of @longshore/cloud-http: what makes no calls, and the client.
export * from './parts.ts';
export * from './cloud-http.ts';
export type { Env } from './agent.ts';
