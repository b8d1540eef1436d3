// The public surface of @longshore/cloud-provider.
export * from './provider.ts';
export * from './well-known.ts';
export * from './instances/health-report.ts';
export * from './instances/batched-instances.ts';
export * from './node/node-controller.ts';
export * from './node-lifecycle/node-lifecycle-controller.ts';
export * from './route/route-controller.ts';
