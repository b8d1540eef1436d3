// `bench -- machines`: many Machines at once, each of which becomes one device. The cluster that they join is the one that keeps them: its CA
// is given to the Cluster as a user's pair, and the signature of the join token, which a controller manager adds, is played.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BareApi } from './api-loop.ts';
import { awaitWorld, followWatch, listOf } from './await-world.ts';
import { onGround } from './ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import type { BenchResult } from './nodes-benchmark.ts';
import type { Program } from './program.ts';

const APP = path.resolve(import.meta.dirname, '../../../apps/capi-packet-manager');
const CLUSTERS = '/apis/cluster.k8s.io/v1alpha1/namespaces/default/clusters';
const MACHINES = '/apis/cluster.k8s.io/v1alpha1/namespaces/default/machines';
const NAMESPACES = ['cluster-api-system', 'cluster-api-provider-packet-system'];
const CLUSTER = 'bench';
const TIMEOUT_MS = 240_000;
const REOPEN_MS = 100;
/** More than one period of the sweep, so that what comes after the last device is counted too. */
const QUIET_MS = 35_000;

/** Runs the benchmark with `count` Machines. */
export async function benchMachines(options: GroundOptions, count: number): Promise<BenchResult> {
  options.progress('starting a control plane and a simulated Packet');
  return onGround(options, async (ground) => {
    await installTypes(ground);
    await createCluster(ground);
    const ending = new AbortController();
    const signing = playTokenSigner(ground.api, ending.signal);
    try {
      const program = await ground.start();
      // Until the first one is there keys are made and the token is signed: that is no matter of the number of machines.
      await untilOrdered(ground, program, () => createMachine(ground, 'first'), 1);
      return {
        benchmark: 'machines',
        machines: count,
        latencyMs: options.latencyMs,
        ...(await measure(ground, program, count)),
      };
    } finally {
      ending.abort();
      await signing;
    }
  });
}

async function measure(ground: Ground, program: Program, count: number): Promise<BenchResult> {
  const { api, cloud, options } = ground;
  options.progress(`creating ${count} Machines`);
  const before = { devices: cloud.machines().length, ...program.usage() };
  cloud.calls.clear();
  const create = (): Promise<void> => api.each(count, 20, (index) => createMachine(ground, `node-${index}`));
  const seconds = await untilOrdered(ground, program, create, count);
  const { cpuSeconds } = program.usage();
  const callsWhenDone = cloud.calls.total;
  options.progress(`waiting ${QUIET_MS / 1000} s for what comes after`);
  await pause(QUIET_MS);
  const byRoute = cloud.callsByRoute();
  const lists = byRoute[cloud.machineListRoute] ?? 0;
  const usage = program.usage();
  return {
    seconds,
    devices: cloud.machines().length - before.devices,
    cloudCallsWhenDone: callsWhenDone,
    cloudCalls: cloud.calls.total,
    cloudCallsByRoute: byRoute,
    lists,
    cloudCallsPerMachine: (cloud.calls.total - lists) / count,
    cpuSeconds: cpuSeconds - before.cpuSeconds,
    rssMiB: usage.rssMiB,
    peakRssMiB: usage.peakRssMiB,
  };
}

/** Seconds until `count` Machines more than now have a provider ID. */
async function untilOrdered(
  { api }: Ground,
  program: Program,
  create: () => Promise<void>,
  count: number,
): Promise<number> {
  const watching = new AbortController();
  const ordered = new Map<string, number>();
  const old = new Set(
    (await listOf<{ readonly metadata: { readonly name: string } }>(api, MACHINES)).map(
      ({ metadata }) => metadata.name,
    ),
  );
  const seeing = keepSeeing(api, watching.signal, ({ metadata: { name }, spec }) => {
    if (spec?.providerID && !old.has(name) && !ordered.has(name)) ordered.set(name, performance.now());
  });
  const startedAt = performance.now();
  await create();
  await awaitWorld(() => Promise.resolve(ordered.size >= count ? true : undefined), {
    what: `${count} Machines with a device`,
    timeoutMs: TIMEOUT_MS,
    everyMs: 20,
    meanwhile: () => program.mustRun(),
  }).catch(async (cause: unknown) => {
    throw new Error(`${await sayWaiting(api)}\n${program.tail}`, { cause });
  });
  watching.abort();
  await seeing;
  return (Math.max(...ordered.values()) - startedAt) / 1000;
}

/**
 * Shows every Machine as it is and as it becomes, until the signal aborts. An API server ends the watches of a type whose storage it sets
 * up anew, as it does soon after the type was made, and answers 429 meanwhile; a watch without a version begins with what there is.
 */
async function keepSeeing(api: BareApi, signal: AbortSignal, onMachine: (machine: MachineLine) => void): Promise<void> {
  const onLine = (line: string): void => {
    const { object } = JSON.parse(line) as { readonly object?: MachineLine };
    if (object?.metadata.name !== undefined) onMachine(object);
  };
  while (!signal.aborted) {
    await followWatch(api, `${MACHINES}?watch=1`, onLine, signal).catch(() => {});
    await pause(REOPEN_MS, undefined, { signal }).catch(() => {});
  }
}

/** What the Machines without a device say that they wait for. */
async function sayWaiting(api: BareApi): Promise<string> {
  interface Item extends MachineLine {
    readonly status?: { readonly conditions?: readonly { readonly reason?: string; readonly message?: string }[] };
  }
  const items = [...(await listOf<Item>(api, CLUSTERS)), ...(await listOf<Item>(api, MACHINES))];
  const waiting = items.filter(({ spec }) => spec?.providerID === undefined).slice(0, 3);
  return waiting.map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`).join('\n');
}

interface MachineLine {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly providerID?: string };
}

async function installTypes({ api, options }: Ground): Promise<void> {
  options.progress('installing the types');
  const script = path.join(APP, 'src/generate/write-manifests.ts');
  const args = ['--conditions=@longshore/source', script, '--only-crds', '--output', '-'];
  const made = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (made.status !== 0)
    throw new Error('the types of capi-packet-manager could not be written: see the messages above');
  const types = made.stdout.split(/^---$/m).filter((text) => text.includes('kind: CustomResourceDefinition'));
  const target = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const body of types) await api.must({ method: 'POST', path: target, contentType: 'application/yaml', body });
  const isServed = async (): Promise<true | undefined> => {
    const answers = await Promise.all([CLUSTERS, MACHINES].map((at) => api.send({ method: 'GET', path: at })));
    return answers.every(({ status }) => status === 200) ? true : undefined;
  };
  await awaitWorld(isServed, { what: 'the types to be served', timeoutMs: 60_000 });
}

async function createCluster({ api, cloud, controlPlane }: Ground): Promise<void> {
  const create = (at: string, object: object): Promise<string> =>
    api.must({ method: 'POST', path: at, body: JSON.stringify(object) });
  for (const name of NAMESPACES) await create('/api/v1/namespaces', { metadata: { name } });
  const metadata = { name: CLUSTER };
  const stringData = { 'tls.crt': controlPlane.caCertPem, 'tls.key': controlPlane.caKeyPem };
  await create('/api/v1/namespaces/default/secrets', { metadata: { name: `${CLUSTER}-ca` }, stringData });
  const value = { kind: 'PacketClusterProviderSpec', projectID: cloud.env['PACKET_PROJECT_ID'] };
  const clusterNetwork = {
    services: { cidrBlocks: ['172.25.0.0/16'] },
    pods: { cidrBlocks: ['172.26.0.0/16'] },
    serviceDomain: 'cluster.local',
  };
  const spec = { clusterNetwork, providerSpec: { value: { apiVersion: 'packetprovider.k8s.io/v1alpha1', ...value } } };
  const type = { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Cluster' };
  await create(CLUSTERS, { ...type, metadata, spec });
  const status = { apiEndpoints: [{ host: '127.0.0.1', port: controlPlane.port }] };
  await api.must({
    method: 'PATCH',
    path: `${CLUSTERS}/${CLUSTER}/status`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status }),
  });
}

async function createMachine({ api, cloud }: Ground, name: string): Promise<void> {
  const value = {
    apiVersion: 'packetprovider.k8s.io/v1alpha1',
    kind: 'PacketMachineProviderSpec',
    projectID: cloud.env['PACKET_PROJECT_ID'],
    facility: ['ewr1'],
    machineType: 'c3.small.x86',
    OS: 'ubuntu_24_04',
    billingCycle: 'hourly',
    roles: ['Node'],
  };
  const body = {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Machine',
    metadata: { name, labels: { 'cluster.k8s.io/cluster-name': CLUSTER } },
    spec: { providerSpec: { value }, versions: { kubelet: '1.36.3' } },
  };
  await api.must({ method: 'POST', path: MACHINES, body: JSON.stringify(body) });
}

/** Signs `cluster-info` with every bootstrap token, as the controller manager of a cluster does, and as patiently. */
async function playTokenSigner(api: BareApi, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await signTokens(api).catch(() => {});
    await pause(500, undefined, { signal }).catch(() => {});
  }
}

async function signTokens(api: BareApi): Promise<void> {
  const at = '/api/v1/namespaces/kube-public/configmaps';
  const secrets = '/api/v1/namespaces/kube-system/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken';
  const tokens = await listOf<{ readonly metadata: { readonly name: string } }>(api, secrets);
  const ids = tokens.map(({ metadata }) => metadata.name.replace(/^bootstrap-token-/, ''));
  if (ids.length === 0) return;
  // It is there already after the first time, also when the answer to that was lost.
  const info = { metadata: { name: 'cluster-info' }, data: { kubeconfig: '{}' } };
  await api.send({ method: 'POST', path: at, body: JSON.stringify(info) });
  const data = Object.fromEntries(ids.map((id) => [`jws-kubeconfig-${id}`, 'signed']));
  const patch = { method: 'PATCH', path: `${at}/cluster-info`, contentType: 'application/merge-patch+json' };
  await api.must({ ...patch, body: JSON.stringify({ data }) });
}
