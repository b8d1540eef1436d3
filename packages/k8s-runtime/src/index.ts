// The public surface of @longshore/k8s-runtime.
export * from './client/resource-type.ts';
export * from './client/kube-client.ts';
export * from './client/kube-api-error.ts';
export * from './client/kube-transport-error.ts';
export { classifyKubeError } from './client/classify-kube-error.ts';
export * from './client/connect.ts';
export * from './cache/lister.ts';
export * from './events/event-recorder.ts';
