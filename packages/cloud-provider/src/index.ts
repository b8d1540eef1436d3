// The public surface of @longshore/cloud-provider.
export * from './provider.ts';
export * from './well-known.ts';
