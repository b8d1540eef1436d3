// What callers see: the options of a control plane and the running one. start-control-plane.ts starts it.
import type { AcquireOptions } from './binaries/acquire.ts';
import type { ApiAnswer, ApiCall } from './api-request.ts';
import type { AuditEvent } from './audit.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Etcd } from './etcd.ts';
import type { KeyPair } from './pki/certificates.ts';
import type { Component } from './process/component.ts';
import type { StaticUser } from './users.ts';
import type { Minor } from './versions.ts';

/** Options of startControlPlane; every one has a default. */
export interface ControlPlaneOptions extends AcquireOptions {
  /** 1.36 when absent. Absent also means: take what KUBEBUILDER_ASSETS holds, whatever its version. */
  readonly minor?: Minor;
  /** 127.0.0.1 when absent; `::1` for IPv6, or another address of this machine. */
  readonly bindAddress?: string;
  /** Any free port when absent. */
  readonly port?: number;
  /** Users with a bearer token beside the administrator; they may do nothing until a test binds a role to them. */
  readonly users?: readonly StaticUser[];
  /** Also kube-controller-manager and kube-scheduler (service accounts, garbage collection, ...). */
  readonly controllers?: boolean;
  /** For kubelets that join: they may do what nodes may (Node authorizer), and the API server shows them a certificate of its own. */
  readonly kubelets?: boolean;
  /** Writes each request to an audit log (level Metadata) before it is answered. */
  readonly audit?: boolean;
  /** Further flags (`--name=value`); one that names a flag set here replaces it. */
  readonly apiServerArgs?: readonly string[];
  readonly controllerManagerArgs?: readonly string[];
  readonly schedulerArgs?: readonly string[];
  readonly etcdArgs?: readonly string[];
  /** A shared etcd (startEtcd); this control plane takes a fresh prefix in it. */
  readonly etcd?: Etcd;
  readonly startTimeoutMs?: number;
  /** Told when a component ends without having been stopped. */
  readonly onFailure?: (error: Error) => void;
}

/** Who a kubeconfig is for: a token, a user of the token file by name, or anybody by a client certificate. */
export type KubeconfigUser =
  | { readonly token: string }
  | { readonly userName: string }
  | { readonly certificateFor: string; readonly groups?: readonly string[] };

/** Whose token to make; the API server decides the life time when it is not given. */
export interface ServiceAccountTokenRequest {
  readonly namespace: string;
  readonly name: string;
  readonly expirationSeconds?: number;
}

/** A running control plane. */
export interface ControlPlane {
  /** For example `v1.36.3`, as the API server says it. */
  readonly version: string;
  /** For example `1.36`. */
  readonly minor: string;
  /** For example `https://127.0.0.1:16443`. */
  readonly server: string;
  readonly port: number;
  readonly caCertPem: string;
  /** Key of the CA that signs the serving certificate and client certificates. */
  readonly caKeyPem: string;
  /** Bearer token of a member of system:masters. */
  readonly adminToken: string;
  /** Kubeconfig of the administrator, in the temp folder. */
  readonly kubeconfigPath: string;
  /** The temp folder: keys, data, one log file per component. */
  readonly folder: string;
  /** Restart keeps port, data, users and certificates. */
  readonly apiServer: Component;
  readonly etcd: Etcd;
  readonly controllerManager?: Component;
  readonly scheduler?: Component;
  /** Path of the audit log, when it was asked for. */
  readonly auditLog?: string;
  /** The audit log so far; empty when there is none. */
  auditEvents(): Promise<readonly AuditEvent[]>;
  /** The bearer token of a user of the token file. */
  tokenOf(userName: string): string;
  /** A new token of a service account (made when it is missing), bound to the API server's audience. */
  createToken(request: ServiceAccountTokenRequest): Promise<string>;
  /** A client certificate for any user and groups, signed by the cluster's CA. */
  createClientCertificate(user: string, groups?: readonly string[]): Promise<KeyPair>;
  /** Writes a kubeconfig with mode 0600; the administrator's when `user` is absent. */
  writeKubeconfig(path: string, user?: KubeconfigUser): Promise<void>;
  /** One call to the API server, as the administrator unless another token is given; `token: undefined` is anonymous. */
  request(call: ApiCall, as?: { readonly token: string | undefined }): Promise<ApiAnswer>;
  /** Notes what is stored now, so that a matrix of cases can begin each from the same state without a fresh API server. */
  checkpoint(): Promise<Checkpoint>;
  /** Stops everything that was started and removes the temp folder. */
  stop(): Promise<void>;
}
