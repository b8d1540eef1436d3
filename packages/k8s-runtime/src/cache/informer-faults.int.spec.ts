// 200 seeded schedules of writes and faults between an informer and a real kube-apiserver. After each fault the cache must equal a fresh
// list in keys and resourceVersions, and what the listener was told must add up to the same, without a state told twice.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { silentLogger } from '@longshore/reconciler-core';
import type { Change } from '@longshore/reconciler-core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../client/connect.ts';
import { startFaultProxy } from '../client/fake/fault-proxy.ts';
import type { FaultProxy } from '../client/fake/fault-proxy.ts';
import { KubeApiError } from '../client/kube-api-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { configMaps, keyOf, resourceType } from '../client/resource-type.ts';
import type { KubeConfigMap, KubeObject } from '../client/resource-type.ts';
import { fastClock } from './test-support/fast-clock.ts';
import { Informer } from './informer.ts';

const SCHEDULES = 200;
const AT_ONCE = 40;
const GROUPS = Array.from({ length: SCHEDULES / AT_ONCE }, (_, index) => index);
// Two minutes of silence are four seconds here, a first pause 30 ms.
const SPEED = 30;
const PATIENCE_MS = 60_000;

const namespaces = resourceType({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
});

const clock = fastClock(SPEED);

let controlPlane: ControlPlane;
let admin: KubeClient;
let folder: string;

beforeAll(async () => {
  controlPlane = await startControlPlane();
  admin = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'fault-test' });
  folder = await mkdtemp(join(tmpdir(), 'informer-faults-'));
}, 300_000);

afterAll(async () => {
  await controlPlane?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** mulberry32 */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Versions = Readonly<Record<string, string>>;

function versionsOf(objects: Iterable<KubeObject>): Versions {
  const entries = [...objects].map((object) => [keyOf(object), object.metadata?.resourceVersion ?? ''] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a listener knows, and what it was told that cannot be. */
class Witness {
  readonly objects = new Map<string, KubeConfigMap>();
  readonly complaints: string[] = [];
  readonly #toldBefore = new Set<string>();

  readonly see = (change: Change<KubeConfigMap>): void => {
    const key = keyOf(change.object);
    const known = this.objects.get(key);
    const version = change.object.metadata?.resourceVersion;
    if ((change.kind === 'added') !== (known === undefined))
      this.complaints.push(`${change.kind} ${key} but known=${known !== undefined}`);
    if (change.kind === 'updated' && known !== change.before)
      this.complaints.push(`updated ${key} from another state than the last`);
    const state = `${key} at ${String(version)}`;
    if (change.kind !== 'deleted' && this.#toldBefore.has(state)) this.complaints.push(`${state} told twice`);
    this.#toldBefore.add(state);
    if (change.kind === 'deleted') this.objects.delete(key);
    else this.objects.set(key, change.object);
  };
}

/** Repeats what failed because the API server was away. */
async function insist<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  for (const endMs = Date.now() + PATIENCE_MS; ; await pause(50)) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof KubeApiError && ['AlreadyExists', 'NotFound'].includes(error.reason)) return undefined;
      if (Date.now() > endMs) throw error;
    }
  }
}

async function writeSomething(namespace: string, random: () => number): Promise<void> {
  const key = { namespace, name: `c${Math.floor(random() * 15)}` };
  const body = { data: { value: String(random()) } };
  const kind = random();
  if (kind < 0.5) {
    const found = await insist(() => admin.patch(configMaps, key, { kind: 'merge', body }));
    if (!found) await insist(() => admin.create(configMaps, { metadata: key, ...body }));
  } else await insist(() => admin.remove(configMaps, key));
  if (kind > 0.85) await insist(() => admin.create(configMaps, { metadata: key, ...body }));
}

/** One schedule's own way to the API server. */
class Route {
  readonly proxy: FaultProxy;
  readonly #tokenFile: string;
  #tokens = 0;

  constructor(proxy: FaultProxy, tokenFile: string) {
    this.proxy = proxy;
    this.#tokenFile = tokenFile;
  }

  async rotateToken(): Promise<void> {
    this.#tokens += 1;
    await writeFile(this.#tokenFile, `token-${this.#tokens}`);
    this.proxy.accept(`token-${this.#tokens}`);
  }

  async client(): Promise<KubeClient> {
    const kubeconfig = `${this.#tokenFile}.kubeconfig`;
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: this.proxy.url } }],
      users: [{ name: 'u', user: { tokenFile: this.#tokenFile } }],
    };
    await writeFile(kubeconfig, JSON.stringify(config));
    return connect({ kubeconfig, userAgent: 'fault-test', clock });
  }
}

const WATCH = /watch=true/;
const expired = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Expired',
  code: 410,
  message: 'too old',
};
const unprocessable = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Invalid',
  code: 422,
  message: 'sendInitialEvents',
};

type Fault = (route: Route) => Promise<void> | void;

const FAULTS: Readonly<Record<string, Fault>> = {
  'watch cut': ({ proxy }) => proxy.cutWatches(),
  'watch ended': ({ proxy }) => proxy.endWatches(),
  'half-open connection': ({ proxy }) => proxy.freezeWatches(),
  'slow watch': ({ proxy }) => {
    proxy.add({ match: WATCH, delayMs: 5, times: 2 });
    proxy.endWatches();
  },
  'version expired at opening': ({ proxy }) => {
    proxy.add({ match: WATCH, status: 410, body: JSON.stringify(expired), times: 1 });
    proxy.cutWatches();
  },
  'version expired in the stream': ({ proxy }) => proxy.injectLine(JSON.stringify({ type: 'ERROR', object: expired })),
  'line that is not JSON': ({ proxy }) => proxy.injectLine('{"type":"ADDED","object":{'),
  'too many requests': ({ proxy }) => {
    proxy.add({ match: WATCH, status: 429, headers: { 'retry-after': '1' }, times: 2 });
    proxy.endWatches();
  },
  'server without WatchList': ({ proxy }) => {
    proxy.add({ match: /sendInitialEvents/, status: 422, body: JSON.stringify(unprocessable) });
    proxy.injectLine(JSON.stringify({ type: 'ERROR', object: expired }));
  },
  'server errors': ({ proxy }) => {
    proxy.add({ match: /./, status: 500, times: 3 });
    proxy.cutWatches();
  },
  'lost answer': ({ proxy }) => {
    proxy.add({ match: /./, loseAnswer: true, times: 2 });
    proxy.cutWatches();
  },
  'connection refused': async ({ proxy }) => {
    await proxy.goDown();
    await pause(30);
    await proxy.heal();
  },
  'token rotated': async (route) => {
    await route.rotateToken();
    route.proxy.cutWatches();
  },
};
const FAULT_NAMES = Object.keys(FAULTS);

async function expectConverged(
  about: string,
  namespace: string,
  informer: Informer<KubeConfigMap>,
  witness: Witness,
): Promise<void> {
  const list = await insist(() => admin.list(configMaps, { namespace }));
  const wanted = JSON.stringify(versionsOf(list?.items ?? []));
  const isEqual = (): boolean =>
    JSON.stringify(versionsOf(informer.list())) === wanted &&
    JSON.stringify(versionsOf(witness.objects.values())) === wanted;
  for (const endMs = Date.now() + PATIENCE_MS; !isEqual() && Date.now() < endMs;) await pause(10);
  expect({ about, cache: versionsOf(informer.list()) }).toEqual({ about, cache: JSON.parse(wanted) });
  expect({ about, told: versionsOf(witness.objects.values()) }).toEqual({ about, told: JSON.parse(wanted) });
  expect({ about, complaints: witness.complaints }).toEqual({ about, complaints: [] });
}

async function runSchedule(
  seed: number,
  global: { at: number; fault: () => Promise<void> } | undefined,
): Promise<void> {
  const random = seededRandom(seed);
  const namespace = `s-${seed}`;
  await insist(() => admin.create(namespaces, { metadata: { name: namespace } }));
  const proxy = await startFaultProxy({
    server: controlPlane.server,
    ca: controlPlane.caCertPem,
    token: controlPlane.adminToken,
  });
  const route = new Route(proxy, join(folder, `token-${seed}`));
  await route.rotateToken();
  for (let count = 0; count < 8; count += 1) await writeSomething(namespace, random);
  const stop = new AbortController();
  const client = await route.client();
  const informer = new Informer({
    client,
    type: configMaps,
    selection: { namespace },
    clock,
    log: silentLogger,
    random,
  });
  const witness = new Witness();
  informer.subscribe(witness.see);
  const running = informer.run(stop.signal);
  const names: string[] = [];
  try {
    for (let round = 0; round < 3; round += 1) {
      const name = FAULT_NAMES[Math.floor(random() * FAULT_NAMES.length)] ?? '';
      names.push(name);
      for (let count = 0; count < 3; count += 1) await writeSomething(namespace, random);
      const isGlobal = global?.at === round;
      await Promise.all([isGlobal ? global.fault() : FAULTS[name]?.(route), writeSomething(namespace, random)]);
      for (let count = 0; count < 2; count += 1) await writeSomething(namespace, random);
      await expectConverged(
        `seed ${seed}: ${names.join(', ')}${isGlobal ? ' (API server restarted)' : ''}`,
        namespace,
        informer,
        witness,
      );
      proxy.clear();
    }
  } finally {
    stop.abort(new Error('the schedule is over'));
    await running;
    await proxy.stop();
  }
}

/** Called by all schedules of a group, done once. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

describe('an informer under faults', () => {
  test.each(GROUPS)(
    `row P10 group %i of ${AT_ONCE} schedules converges`,
    async (group) => {
      const restart = once(async () => {
        await controlPlane.apiServer.stop({ signal: group === 2 ? 'SIGKILL' : 'SIGTERM' });
        if (group === 3) await controlPlane.etcd.compact();
        await controlPlane.apiServer.start();
      });
      const global = [1, 2, 3].includes(group) ? { at: 1, fault: restart } : undefined;
      const seeds = Array.from({ length: AT_ONCE }, (_, index) => group * AT_ONCE + index + 1);
      const results = await Promise.allSettled(seeds.map((seed) => runSchedule(seed, global)));
      const failures = results.flatMap((result, index) =>
        result.status === 'rejected' ? [`seed ${seeds[index]}: ${String(result.reason)}`] : [],
      );
      expect(failures).toEqual([]);
    },
    240_000,
  );
});
