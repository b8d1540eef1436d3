// The public surface of @longshore/embedded-control-plane.
export { startControlPlane } from './start-control-plane.ts';
export type { ControlPlane, ControlPlaneOptions, KubeconfigUser, ServiceAccountTokenRequest } from './control-plane.ts';
export { startEtcd } from './etcd.ts';
export type { Etcd, EtcdOptions, SharedEtcd } from './etcd.ts';
export { kubectlFor } from './kubectl.ts';
export type { Kubectl, KubectlOptions } from './kubectl.ts';
export { acquireBinary } from './binaries/acquire.ts';
export type { AcquireOptions } from './binaries/acquire.ts';
export { BINARY_NAMES } from './binaries/catalogue.ts';
export type { BinaryName } from './binaries/catalogue.ts';
export { binaryFolders } from './config.ts';
export type { ApiAnswer, ApiCall } from './api-request.ts';
export type { AuditEvent } from './audit.ts';
export type { KeyPair } from './pki/certificates.ts';
export type { Component, StopOptions } from './process/component.ts';
export type { StaticUser } from './users.ts';
export { DEFAULT_MINOR, KUBERNETES_VERSIONS, MINORS, parseMinor } from './versions.ts';
export type { Minor } from './versions.ts';
