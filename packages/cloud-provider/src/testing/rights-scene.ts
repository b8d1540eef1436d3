// The situations in which a cloud controller manager uses its rights, one after the other, for specs that compare what was granted with
// what the audit log has. A fall-back is forced, and waited for until the right was used. Called by the apps; no decisions of its own.
import { until } from '@longshore/reconciler-core/testing';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { freePort, readPage } from './running-program.ts';
import type { RunningProgram } from './running-program.ts';

/** The part of a control plane that is asked here. */
export interface AskedCluster {
  request(call: {
    readonly method?: string;
    readonly path: string;
    readonly body?: object;
    readonly contentType?: string;
  }): Promise<{ readonly status: number; readonly body: unknown }>;
}

/** One program with its account, and its cloud. */
export interface RightsScene {
  readonly cluster: AskedCluster;
  /** A token of the account, and a kubeconfig with it. */
  readonly token: string;
  readonly kubeconfig: string;
  /** What the account may do and has not done so far, as `get nodes`. */
  compareRights(): Promise<{ readonly granted: readonly string[]; readonly idle: readonly string[] }>;
  /** The built program as in its manifest, with further flags. */
  start(name: string, flags: readonly string[]): RunningProgram;
  addMachine(name: string): void;
  removeMachine(name: string): void;
}

const SERVICES = '/api/v1/namespaces/default/services';
const TAINT = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
const LIMIT_MS = 300_000;
const BUSY_WRITERS = 4;
// Long enough that a busy machine takes it from nobody.
const PATIENT_ELECTION = [
  '--leader-elect=true',
  '--leader-elect-lease-duration=120s',
  '--leader-elect-renew-deadline=100s',
  '--leader-elect-retry-period=2s',
];

/** Waits until the account has used the right. */
export async function untilUsed(scene: RightsScene, right: string): Promise<void> {
  await until(`the account used: ${right}`, () => hasUsed(scene, right), LIMIT_MS);
}

/** One call as the administrator; anything but success is a failure. */
export async function adminCall<T>({ cluster }: RightsScene, call: Parameters<AskedCluster['request']>[0]): Promise<T> {
  const { status, body } = await cluster.request(call);
  if (status >= 300) throw new Error(`${call.method ?? 'GET'} ${call.path}: ${status} ${JSON.stringify(body)}`);
  return body as T;
}

/** A machine and its Node, as a kubelet registers it. */
export async function addNode(scene: RightsScene, name: string): Promise<void> {
  scene.addMachine(name);
  const body = { metadata: { name }, spec: { taints: [TAINT] } };
  await adminCall(scene, { method: 'POST', path: '/api/v1/nodes', body });
}

/** A Service of the type LoadBalancer. */
export async function addService(scene: RightsScene, name: string, more: object = {}): Promise<void> {
  const spec = { type: 'LoadBalancer', selector: { app: name }, ports: [{ port: 80 }], ...more };
  await adminCall(scene, { method: 'POST', path: SERVICES, body: { metadata: { name }, spec } });
}

/** Waits until the Service has an address, and says which. */
export async function untilAddress(scene: RightsScene, name: string): Promise<string> {
  return until(
    `${name} has an address`,
    async () => {
      const { status } = await adminCall<KubeService>(scene, { path: `${SERVICES}/${name}` });
      return status?.loadBalancer?.ingress?.[0]?.ip;
    },
    LIMIT_MS,
  );
}

/** Removes the Service and waits until it is gone. */
export async function removeService(scene: RightsScene, name: string): Promise<void> {
  await adminCall(scene, { method: 'DELETE', path: `${SERVICES}/${name}` });
  await untilGone(scene, `${SERVICES}/${name}`);
}

/** Runs it; an error has the last words of the programs. */
export async function withLogs(programs: readonly RunningProgram[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const logs = programs.map(({ name, output }) => `${name}:\n${output.slice(-4_000)}`);
    throw new Error([String(error), ...logs].join('\n'), { cause: error });
  }
}

/** A dry run reads what it would patch. To be called while nobody else works. */
export async function playDryRun(scene: RightsScene): Promise<void> {
  await addNode(scene, 'stays');
  await addService(scene, 'web');
  const program = scene.start('dry run', ['--dry-run', '--secure-port=0', '--leader-elect=false']);
  await untilUsed(scene, 'get services');
  await stopped(program);
}

/**
 * The life of Nodes and a Service under a leader, with a replica that waits. Begins with what the dry run has seen. `more` is what only this
 * program does; it is called while the Service `web` has its address.
 */
export async function playLife(scene: RightsScene, more: () => Promise<void> = async () => {}): Promise<void> {
  const port = await freePort();
  const reviews = [`--authentication-kubeconfig=${scene.kubeconfig}`, `--authorization-kubeconfig=${scene.kubeconfig}`];
  const leader = scene.start('leader', [`--secure-port=${port}`, ...PATIENT_ELECTION, ...reviews]);
  await untilInitialized(scene, 'stays');
  await untilAddress(scene, 'web');
  // Who asks, and whether he may, is asked the API server; the account itself may not.
  await until('the page is refused', async () => (await readPage(port, '/metrics', scene.token)).status === 403);
  const standby = scene.start('standby', ['--secure-port=0', ...PATIENT_ELECTION]);
  await untilUsed(scene, 'watch coordination.k8s.io/leases[cloud-controller-manager] in kube-system');
  await playChanges(scene);
  await more();
  await playRemovals(scene);
  await stopped(standby);
  await stopped(leader);
}

/** The Service changes, so that the event of its beginning comes again; a Node is changed by others whenever it is written. */
async function playChanges(scene: RightsScene): Promise<void> {
  const change = { path: `${SERVICES}/web`, contentType: 'application/merge-patch+json', method: 'PATCH' };
  await adminCall(scene, { ...change, body: { spec: { ports: [{ port: 8080 }] } } });
  await untilUsed(scene, 'patch events');
  let nodes = 0;
  await until(
    'a Node is read again after a conflict',
    async () => {
      nodes += 1;
      await disturb(scene, `busy-${nodes}`);
      return hasUsed(scene, 'get nodes');
    },
    LIMIT_MS,
  );
}

/** A Node that somebody else writes all the time, until the program has read it again, or was faster. */
async function disturb(scene: RightsScene, name: string): Promise<void> {
  await addNode(scene, name);
  let isOver = false;
  let count = 0;
  const write = async (): Promise<void> => {
    while (!isOver) {
      count += 1;
      const body = { metadata: { annotations: { 'example.com/count': String(count) } } };
      const path = `/api/v1/nodes/${name}`;
      // With so many writers the API server gives up on some, which does not matter.
      await scene.cluster.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
    }
  };
  const isEnough = async (): Promise<boolean> =>
    (await hasUsed(scene, 'get nodes')) || (await isInitialized(scene, name));
  const watching = until(`${name} is read again`, isEnough, LIMIT_MS).finally(() => (isOver = true));
  await Promise.all([watching, ...Array.from({ length: BUSY_WRITERS }, write)]);
  await untilInitialized(scene, name);
}

async function playRemovals(scene: RightsScene): Promise<void> {
  await removeService(scene, 'web');
  scene.removeMachine('busy-1');
  await untilGone(scene, '/api/v1/nodes/busy-1');
}

async function untilInitialized(scene: RightsScene, name: string): Promise<void> {
  await until(`${name} is initialized`, () => isInitialized(scene, name), LIMIT_MS);
}

async function isInitialized(scene: RightsScene, name: string): Promise<boolean> {
  const { spec } = await adminCall<KubeNode>(scene, { path: `/api/v1/nodes/${name}` });
  return spec?.providerID !== undefined && !spec.taints?.some(({ key }) => key === TAINT.key);
}

async function hasUsed(scene: RightsScene, right: string): Promise<boolean> {
  const { granted, idle } = await scene.compareRights();
  if (!granted.includes(right)) throw new Error(`the account may not: ${right}`);
  return !idle.includes(right);
}

async function untilGone({ cluster }: RightsScene, path: string): Promise<void> {
  await until(`${path} is gone`, async () => (await cluster.request({ path })).status === 404, LIMIT_MS);
}

async function stopped(program: RunningProgram): Promise<void> {
  const end = await program.stop();
  if (end !== 0) throw new Error(`${program.name} ended with ${end}\n${program.output.slice(-4_000)}`);
}
