// Puts a control plane together inside a sandbox: certificates and files first, then etcd, the API server and, on request, the
// controllers, each waited for. Called by startControlPlane, which removes everything when a step fails.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { OperatorError, never } from '@longshore/reconciler-core';
import { apiRequest } from './api-request.ts';
import type { ApiTarget } from './api-request.ts';
import type { BinaryName } from './binaries/catalogue.ts';
import * as args from './component-args.ts';
import type { Files } from './component-args.ts';
import type { ControlPlane, ControlPlaneOptions } from './control-plane.ts';
import { startEtcdIn } from './etcd.ts';
import type { Etcd } from './etcd.ts';
import { kubeconfigText } from './kubeconfig.ts';
import {
  createAuthority,
  createClientCertificate,
  createServingCertificate,
  createTokenSigningKey,
} from './pki/certificates.ts';
import type { KeyPair } from './pki/certificates.ts';
import type { Component, ComponentSpec } from './process/component.ts';
import { RunningControlPlane } from './running-control-plane.ts';
import type { Commands, Parts } from './running-control-plane.ts';
import { ADMIN_USER, CONTROLLER_MANAGER_USER, SCHEDULER_USER, tokenFileText } from './users.ts';
import type { TokenUser } from './users.ts';

const DEFAULT_START_TIMEOUT_MS = 180_000;
const DEFAULT_ADDRESS = '127.0.0.1';
/** As whom the API server calls kubelets. */
const KUBELET_CLIENT = 'kube-apiserver-kubelet-client';
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Starts everything and resolves when it serves. */
export async function assemble(parts: Parts): Promise<ControlPlane> {
  const files = args.filesIn(parts.sandbox.folder);
  const authority = await createAuthority();
  await writeFiles(parts, files, authority);
  const etcd = parts.options.etcd ?? (await startOwnEtcd(parts));
  const { apiServer, port, target, etcdPrefix } = await startApiServer(parts, files, { etcd, authority });
  await writeKubeconfigs(parts.users, files, target);
  const controllers = parts.options.controllers ? await startControllers(parts, files, target) : {};
  const version = await readVersion(target);
  return new RunningControlPlane({
    ...parts,
    files,
    authority,
    etcd,
    etcdPrefix,
    apiServer,
    port,
    target,
    version,
    ...controllers,
  });
}

async function writeFiles(parts: Parts, files: Files, authority: KeyPair): Promise<void> {
  const names = args.servingNames(parts.options.bindAddress ?? DEFAULT_ADDRESS);
  const serving = await createServingCertificate(authority, names);
  const kubeletClient = await createClientCertificate(authority, KUBELET_CLIENT, ['system:masters']);
  const signing = createTokenSigningKey();
  const contents: readonly (readonly [string, string])[] = [
    [files.caCert, authority.certPem],
    [files.caKey, authority.keyPem],
    [files.servingCert, serving.certPem],
    [files.servingKey, serving.keyPem],
    [files.kubeletClientCert, kubeletClient.certPem],
    [files.kubeletClientKey, kubeletClient.keyPem],
    [files.serviceAccountKey, signing.privatePem],
    [files.serviceAccountPublicKey, signing.publicPem],
    [files.tokens, tokenFileText(parts.users)],
    [files.auditPolicy, args.AUDIT_POLICY],
  ];
  await Promise.all(contents.map(([path, text]) => writeFile(path, text, { mode: 0o600 })));
}

function startOwnEtcd({ sandbox, commands, options }: Parts): Promise<Etcd> {
  return startEtcdIn(sandbox, {
    command: commandOf(commands, 'etcd'),
    etcdArgs: options.etcdArgs ?? [],
    startTimeoutMs: options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS,
    ...lifeOptions(options),
  });
}

interface ApiServerNeeds {
  readonly etcd: Etcd;
  readonly authority: KeyPair;
}

interface StartedApiServer {
  readonly apiServer: Component;
  readonly port: number;
  readonly target: ApiTarget;
  readonly etcdPrefix: string;
}

async function startApiServer(parts: Parts, files: Files, needs: ApiServerNeeds): Promise<StartedApiServer> {
  const { options, sandbox, commands, users } = parts;
  const bindAddress = options.bindAddress ?? DEFAULT_ADDRESS;
  const caCertPem = needs.authority.certPem;
  const token = users.find(({ name }) => name === ADMIN_USER)?.token;
  const targetAt = (port: number): ApiTarget => ({ server: args.serverUrl(bindAddress, port), caCertPem, token });
  const etcdPrefix = options.etcd ? `/longshore-${randomBytes(6).toString('hex')}` : '/registry';
  const [apiServer, port] = await sandbox.startOnPort({ address: bindAddress, port: options.port }, (candidate) => ({
    name: 'kube-apiserver',
    command: commandOf(commands, 'kube-apiserver'),
    args: args.apiServerArgs({
      files,
      bindAddress,
      port: candidate,
      etcdEndpoint: needs.etcd.endpoint,
      etcdPrefix,
      hasControllers: options.controllers ?? false,
      hasKubelets: options.kubelets ?? false,
      hasAudit: options.audit ?? false,
      extraArgs: options.apiServerArgs ?? [],
    }),
    startTimeoutMs: options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS,
    isReady: () => isApiReady(targetAt(candidate)),
    ...lifeOptions(options),
  }));
  return { apiServer, port, target: targetAt(port), etcdPrefix };
}

interface StartedControllers {
  readonly controllerManager: Component;
  readonly scheduler: Component;
}

async function startControllers(
  { sandbox, commands, options }: Parts,
  files: Files,
  target: ApiTarget,
): Promise<StartedControllers> {
  // Neither has a port to ask. The default service account shows that the controllers work; the scheduler starts beside
  // them, and a wrong flag of it has ended it by then.
  const shared = {
    startTimeoutMs: options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS,
    isReady: () => exists(target, '/api/v1/namespaces/default/serviceaccounts/default'),
    ...lifeOptions(options),
  };
  const [controllerManager, scheduler] = await Promise.all([
    sandbox.start({
      ...shared,
      name: 'kube-controller-manager',
      command: commandOf(commands, 'kube-controller-manager'),
      args: args.controllerManagerArgs(files, options.controllerManagerArgs),
    }),
    sandbox.start({
      ...shared,
      name: 'kube-scheduler',
      command: commandOf(commands, 'kube-scheduler'),
      args: args.schedulerArgs(files, options.schedulerArgs),
    }),
  ]);
  return { controllerManager, scheduler };
}

async function writeKubeconfigs(users: readonly TokenUser[], files: Files, target: ApiTarget): Promise<void> {
  const paths = new Map([
    [ADMIN_USER, files.adminKubeconfig],
    [CONTROLLER_MANAGER_USER, files.controllerManagerKubeconfig],
    [SCHEDULER_USER, files.schedulerKubeconfig],
  ]);
  for (const { name, token } of users) {
    const path = paths.get(name);
    const text = kubeconfigText({ ...target, user: name, credentials: { token } });
    if (path) await writeFile(path, text, { mode: 0o600 });
  }
}

// /readyz turns good before the system namespaces exist; a test's first create in `default` must not fail.
async function isApiReady(target: ApiTarget): Promise<boolean> {
  const ready = await apiRequest(target, { path: '/readyz', timeoutMs: 5_000 });
  if (ready.status !== 200) return false;
  const found = await Promise.all(SYSTEM_NAMESPACES.map((name) => exists(target, `/api/v1/namespaces/${name}`)));
  return found.every(Boolean);
}

async function exists(target: ApiTarget, path: string): Promise<boolean> {
  return (await apiRequest(target, { path, timeoutMs: 5_000 })).status === 200;
}

async function readVersion(target: ApiTarget): Promise<string> {
  const { body } = await apiRequest(target, { path: '/version' });
  const { gitVersion } = body as { gitVersion?: string };
  if (gitVersion === undefined)
    throw new OperatorError('CONTROL_PLANE_START_FAILED', 'the API server did not say its version', never);
  return gitVersion;
}

function lifeOptions({ onFailure, signal }: ControlPlaneOptions): Pick<ComponentSpec, 'signal' | 'onUnexpectedExit'> {
  return { signal, ...(onFailure ? { onUnexpectedExit: onFailure } : {}) };
}

function commandOf(commands: Commands, name: BinaryName): string {
  const command = commands.get(name);
  if (command === undefined) throw new OperatorError('CONTROL_PLANE_BINARY_MISSING', `${name} was not acquired`, never);
  return command;
}
