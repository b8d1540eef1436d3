// The public surface of @longshore/k8s-runtime.
export * from './client/resource-type.ts';
export * from './client/kube-client.ts';
export * from './client/kube-api-error.ts';
export * from './client/kube-transport-error.ts';
export { classifyKubeError } from './client/classify-kube-error.ts';
export * from './client/connect.ts';
export * from './cache/lister.ts';
export * from './cache/informer.ts';
export * from './cache/informer-set.ts';
export * from './cache/trim.ts';
export type { IndexFunction } from './cache/object-store.ts';
export * from './events/event-recorder.ts';
export * from './events/queued-event-recorder.ts';
export * from './lease/lease-elector.ts';
export * from './lease/leader-flags.ts';
