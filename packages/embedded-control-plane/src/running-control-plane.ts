// The control plane that callers hold: identities, requests and stop. Made by assembly.ts once everything serves.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError, never } from '@longshore/reconciler-core';
import { apiRequest } from './api-request.ts';
import type { ApiAnswer, ApiCall, ApiTarget } from './api-request.ts';
import { readAuditLog } from './audit.ts';
import type { AuditEvent } from './audit.ts';
import type { BinaryName } from './binaries/catalogue.ts';
import type { Files } from './component-args.ts';
import { takeCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { ControlPlane, ControlPlaneOptions, KubeconfigUser, ServiceAccountTokenRequest } from './control-plane.ts';
import { STOP_GRACE_MS } from './etcd.ts';
import type { Etcd } from './etcd.ts';
import { kubeconfigText } from './kubeconfig.ts';
import type { Credentials } from './kubeconfig.ts';
import { createClientCertificate } from './pki/certificates.ts';
import type { KeyPair } from './pki/certificates.ts';
import type { Component } from './process/component.ts';
import type { Sandbox } from './process/sandbox.ts';
import { ADMIN_USER } from './users.ts';
import type { TokenUser } from './users.ts';

/** The executables of one control plane. */
export type Commands = ReadonlyMap<BinaryName, string>;

/** What a control plane is made from. */
export interface Parts {
  readonly options: ControlPlaneOptions;
  readonly sandbox: Sandbox;
  readonly users: readonly TokenUser[];
  readonly commands: Commands;
}

/** Everything that assembly.ts made. */
export interface RunningParts extends Parts {
  readonly files: Files;
  readonly authority: KeyPair;
  readonly etcd: Etcd;
  /** Below which it keeps everything in etcd. */
  readonly etcdPrefix: string;
  readonly apiServer: Component;
  readonly port: number;
  readonly target: ApiTarget;
  readonly version: string;
  readonly controllerManager?: Component;
  readonly scheduler?: Component;
}

/** See ControlPlane. */
export class RunningControlPlane implements ControlPlane {
  readonly version: string;
  readonly minor: string;
  readonly server: string;
  readonly port: number;
  readonly caCertPem: string;
  readonly caKeyPem: string;
  readonly adminToken: string;
  readonly kubeconfigPath: string;
  readonly folder: string;
  readonly apiServer: Component;
  readonly etcd: Etcd;
  readonly controllerManager?: Component;
  readonly scheduler?: Component;
  readonly auditLog?: string;
  readonly #parts: RunningParts;

  constructor(parts: RunningParts) {
    this.#parts = parts;
    this.version = parts.version;
    this.minor = /\d+\.\d+/.exec(parts.version)?.[0] ?? parts.version;
    this.server = parts.target.server;
    this.port = parts.port;
    this.caCertPem = parts.authority.certPem;
    this.caKeyPem = parts.authority.keyPem;
    this.kubeconfigPath = parts.files.adminKubeconfig;
    this.folder = parts.sandbox.folder;
    this.apiServer = parts.apiServer;
    this.etcd = parts.etcd;
    if (parts.controllerManager) this.controllerManager = parts.controllerManager;
    if (parts.scheduler) this.scheduler = parts.scheduler;
    if (parts.options.audit) this.auditLog = parts.files.auditLog;
    this.adminToken = this.tokenOf(ADMIN_USER);
  }

  auditEvents(): Promise<readonly AuditEvent[]> {
    return readAuditLog(this.#parts.files.auditLog);
  }

  tokenOf(userName: string): string {
    const user = this.#parts.users.find(({ name }) => name === userName);
    if (user) return user.token;
    throw new OperatorError(
      'CONTROL_PLANE_UNKNOWN_USER',
      `no user "${userName}" in the token file: name it in the option "users"`,
      never,
    );
  }

  async createToken({ namespace, name, expirationSeconds }: ServiceAccountTokenRequest): Promise<string> {
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const created = await this.request({ path: accounts, body: { metadata: { name } } });
    if (created.status !== 201 && created.status !== 409) throw tokenError(namespace, name, created);
    const spec = expirationSeconds === undefined ? {} : { expirationSeconds };
    const answer = await this.request({ path: `${accounts}/${name}/token`, body: { spec } });
    const token = (answer.body as { status?: { token?: string } }).status?.token;
    if (token === undefined) throw tokenError(namespace, name, answer);
    return token;
  }

  createClientCertificate(user: string, groups: readonly string[] = []): Promise<KeyPair> {
    return createClientCertificate(this.#parts.authority, user, groups);
  }

  async writeKubeconfig(path: string, user: KubeconfigUser = { userName: ADMIN_USER }): Promise<void> {
    const { server, caCertPem } = this;
    const credentials = await this.#credentialsOf(user);
    const text = kubeconfigText({ server, caCertPem, user: nameOf(user), credentials });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o600 });
    // The mode above counts only for a new file.
    await chmod(path, 0o600);
  }

  request(call: ApiCall, as: { readonly token: string | undefined } = { token: this.adminToken }): Promise<ApiAnswer> {
    return apiRequest({ server: this.server, caCertPem: this.caCertPem, token: as.token }, call);
  }

  checkpoint(): Promise<Checkpoint> {
    return takeCheckpoint(this.etcd.endpoint, this.#parts.etcdPrefix);
  }

  stop(): Promise<void> {
    return this.#parts.sandbox.close(STOP_GRACE_MS);
  }

  async #credentialsOf(user: KubeconfigUser): Promise<Credentials> {
    if ('token' in user) return { token: user.token };
    if ('userName' in user) return { token: this.tokenOf(user.userName) };
    const { certPem, keyPem } = await this.createClientCertificate(user.certificateFor, user.groups);
    return { clientCertPem: certPem, clientKeyPem: keyPem };
  }
}

function nameOf(user: KubeconfigUser): string {
  if ('token' in user) return 'longshore-user';
  return 'userName' in user ? user.userName : user.certificateFor;
}

function tokenError(namespace: string, name: string, answer: ApiAnswer): OperatorError {
  const reason = (answer.body as { message?: string }).message ?? '';
  const message = `no token for service account ${namespace}/${name}: status ${answer.status} ${reason}`;
  return new OperatorError('CONTROL_PLANE_TOKEN_FAILED', message, never);
}
