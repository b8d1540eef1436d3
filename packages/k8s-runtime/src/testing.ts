// Test doubles for users of @longshore/k8s-runtime.
export { FakeKubeClient, lostAnswer } from './client/fake/fake-kube-client.ts';
export type { FakeCall, FakeFault, FakeVerb } from './client/fake/fake-kube-client.ts';
export { startFaultProxy } from './client/fake/fault-proxy.ts';
export type { FaultProxy, FaultProxyTarget, ProxyRule } from './client/fake/fault-proxy.ts';
export { flagsMarkdown, MetricsCatalogue, sectionOf, withSection } from './process/reference-docs.ts';
export { kubectlName, ManifestFolder, rulesInWords } from './testing/manifest-folder.ts';
export type { Manifest, ManifestRule } from './testing/manifest-folder.ts';
