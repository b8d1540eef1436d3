// Leader election and its events against a real kube-apiserver. Times are short; only states are asserted, never durations.
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { waitFor } from '@longshore/reconciler-core/testing';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../client/connect.ts';
import { startFaultProxy } from '../client/fake/fault-proxy.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { events, leases } from '../client/resource-type.ts';
import type { KubeLease } from '../client/resource-type.ts';
import { createEventRecorder } from '../events/queued-event-recorder.ts';
import { LeaseElector } from './lease-elector.ts';

let controlPlane: ControlPlane;
let admin: KubeClient;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  controlPlane = await startControlPlane({ users: [{ name: 'old-role' }] });
  admin = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'lease-test' });
}, 300_000);
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(() => controlPlane?.stop());

interface Replica {
  readonly state: { end?: 'lost' | 'stopped'; isActing: boolean };
  readonly stop: () => Promise<unknown>;
}

// Long enough that a machine which stands still for seconds costs nobody the lead; a test that waits for a lead to run out has less.
const TIMES = { leaseDurationMs: 30_000, renewDeadlineMs: 20_000, retryPeriodMs: 300 };
const SHORT_TIMES = { ...TIMES, leaseDurationMs: 8_000, renewDeadlineMs: 6_000 };

function startReplica(name: string, identity: string, { client = admin, times = TIMES } = {}): Replica {
  const log = silentLogger;
  const recorder = createEventRecorder({
    client: admin,
    component: 'cloud-controller-manager',
    clock: systemClock,
    log,
  });
  const elector = new LeaseElector({
    client,
    namespace: 'kube-system',
    name,
    identity,
    clock: systemClock,
    log,
    events: recorder,
    ...times,
  });
  const state: Replica['state'] = { isActing: false };
  const abort = new AbortController();
  const flush = new AbortController();
  const recording = recorder.run(flush.signal);
  const ended = elector
    .run(async (signal) => {
      state.isActing = true;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      state.isActing = false;
    }, abort.signal)
    .then((end) => (state.end = end));
  const stop = async (): Promise<unknown> => {
    abort.abort();
    await ended;
    flush.abort();
    return recording;
  };
  stops.push(stop);
  return { state, stop };
}

async function lease(name: string): Promise<NonNullable<KubeLease['spec']>> {
  return (await admin.get(leases, { namespace: 'kube-system', name }))?.spec ?? {};
}

test('a stopped leader hands over: the holder is empty in between, the transition is counted, events tell of it', async () => {
  const first = startReplica('hand-over', 'a');
  await waitFor(() => first.state.isActing, { what: 'a leads' });
  const acquired = await lease('hand-over');
  expect(acquired).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 30, leaseTransitions: 0 });
  expect(acquired.acquireTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const holders: string[] = [];
  const watching = new AbortController();
  const seen = await admin.watch(leases, {
    namespace: 'kube-system',
    fieldSelector: 'metadata.name=hand-over',
    signal: watching.signal,
  });
  const reading = (async () => {
    for await (const { type, object } of seen) {
      if (type !== 'BOOKMARK') holders.push(object.spec?.holderIdentity ?? '');
    }
  })().catch(() => {});
  const second = startReplica('hand-over', 'b');
  await waitFor(() => holders.length > 2, { what: 'a renews' });
  expect([first.state.isActing, second.state.isActing]).toEqual([true, false]);
  await first.stop();
  await waitFor(() => second.state.isActing, { what: 'b leads' });
  expect(first.state.end).toBe('stopped');
  await waitFor(() => holders.includes('b'), { what: 'the watch shows b' });
  watching.abort();
  await reading;
  expect(holders.filter((holder, at) => holder !== holders[at - 1])).toEqual(['a', '', 'b']);
  expect(await lease('hand-over')).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  await second.stop();
  const said = (await admin.list(events, { namespace: 'kube-system' })).items.filter(
    ({ involvedObject }) => involvedObject.name === 'hand-over',
  );
  expect(said.map(({ message }) => message).sort()).toEqual([
    'a became leader',
    'a stopped leading',
    'b became leader',
    'b stopped leading',
  ]);
  expect(said[0]).toMatchObject({
    type: 'Normal',
    reason: 'LeaderElection',
    source: { component: 'cloud-controller-manager' },
    involvedObject: { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', namespace: 'kube-system' },
  });
});

test('a leader that is cut off from the API server stops, and the standby takes over after it', async () => {
  const proxy = await startFaultProxy({
    server: controlPlane.server,
    ca: controlPlane.caCertPem,
    token: controlPlane.adminToken,
  });
  stops.push(() => proxy.stop());
  const cut = await connect({ kubeconfig: controlPlane.kubeconfigPath, master: proxy.url, userAgent: 'cut' });
  const first = startReplica('cut-off', 'a', { client: cut, times: SHORT_TIMES });
  await waitFor(() => first.state.isActing, { what: 'a leads' });
  const second = startReplica('cut-off', 'b', { times: SHORT_TIMES });
  const both: boolean[] = [];
  const watching = setInterval(() => both.push(first.state.isActing && second.state.isActing), 10);
  await proxy.goDown();
  await waitFor(() => second.state.isActing, { what: 'b leads' });
  clearInterval(watching);
  expect(both).not.toContain(true);
  expect(first.state).toEqual({ end: 'lost', isActing: false });
  expect(await lease('cut-off')).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
});

test('a role that grants no watch is enough', async () => {
  await controlPlane.request({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles',
    body: {
      metadata: { name: 'old-role' },
      rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }],
    },
  });
  await controlPlane.request({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings',
    body: {
      metadata: { name: 'old-role' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'old-role' },
      subjects: [{ kind: 'User', name: 'old-role', apiGroup: 'rbac.authorization.k8s.io' }],
    },
  });
  const path = `${controlPlane.folder}/old-role.kubeconfig`;
  await controlPlane.writeKubeconfig(path, { userName: 'old-role' });
  const client = await connect({ kubeconfig: path, userAgent: 'old-role' });
  const first = startReplica('no-watch', 'a', { client });
  await waitFor(() => first.state.isActing, { what: 'a leads' });
  const second = startReplica('no-watch', 'b', { client });
  await first.stop();
  await waitFor(() => second.state.isActing, { what: 'b leads' });
  expect(await lease('no-watch')).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
});

test('an event that happens again is counted on the same Event object', async () => {
  const log = silentLogger;
  const recorder = createEventRecorder({ client: admin, component: 'test', clock: systemClock, log });
  const stop = new AbortController();
  const ended = recorder.run(stop.signal);
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'counted', uid: 'u-1' } };
  const stored = async () =>
    (await admin.list(events, { namespace: 'default', fieldSelector: 'involvedObject.name=counted' })).items;
  recorder.warning(node, 'CloudNodeInitFailed', 'no address');
  await waitFor(async () => (await stored())[0]?.count === 1, { what: 'the event is stored' });
  recorder.warning(node, 'CloudNodeInitFailed', 'no address');
  await waitFor(async () => (await stored())[0]?.count === 2, { what: 'the event is counted' });
  expect(await stored()).toMatchObject([{ type: 'Warning', message: 'no address', involvedObject: { uid: 'u-1' } }]);
  stop.abort();
  await ended;
});
