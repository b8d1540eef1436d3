// Leader election between replicas over one API server in memory; time is moved by hand.
import { describe, expect, test } from '@jest/globals';
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import type { Metrics } from '@longshore/reconciler-core';
import type { FakeKubeClient as Client } from '../client/fake/fake-kube-client.ts';
import { FakeKubeClient } from '../client/fake/fake-kube-client.ts';
import { KubeApiError } from '../client/kube-api-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeLease, ResourceType } from '../client/resource-type.ts';
import { leases } from '../client/resource-type.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import { LeaseElector } from './lease-elector.ts';
import type { Lead } from './lease-elector.ts';

const forbidden = new KubeApiError({ status: 403, reason: 'Forbidden', message: 'no' }, { retry: 'backoff' });

interface Replica {
  readonly elector: LeaseElector;
  readonly stop: () => void;
  readonly ended: Promise<'lost' | 'stopped'>;
  /** The end of the run, once it has ended. */
  readonly state: { end: 'lost' | 'stopped' | 'rejected' | undefined; isActing: boolean };
}

interface ReplicaOptions {
  readonly identity: string;
  readonly client: KubeClient;
  readonly clock: FakeClock;
  readonly lead?: Lead;
  readonly metrics?: Metrics;
  readonly events?: EventRecorder;
}

/** Starts one replica whose work ends as soon as it is told to. */
function startReplica({ identity, client, clock, lead, metrics, events }: ReplicaOptions): Replica {
  const stop = new AbortController();
  const times = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
  const elector = new LeaseElector({
    client,
    clock,
    identity,
    metrics,
    events,
    ...times,
    namespace: 'kube-system',
    name: 'ccm',
    log: recordingLogger(),
    random: () => 0.5,
  });
  const state: Replica['state'] = { end: undefined, isActing: false };
  const work: Lead = async (signal) => {
    state.isActing = true;
    await (lead ?? untilAborted)(signal);
    state.isActing = false;
  };
  const ended = elector.run(work, stop.signal);
  ended.then(
    (end) => (state.end = end),
    () => (state.end = 'rejected'),
  );
  return { elector, state, ended, stop: () => stop.abort(new Error('stop')) };
}

const untilAborted: Lead = (signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

function spec(client: Client): NonNullable<KubeLease['spec']> {
  return client.object(leases, 'kube-system/ccm')?.spec ?? {};
}

function setUp(): { clock: FakeClock; client: FakeKubeClient } {
  const clock = new FakeClock();
  return { clock, client: new FakeKubeClient({ now: () => clock.nowMs() }) };
}

describe('LeaseElector', () => {
  test('row P1: of two replicas one leads, and both are healthy', async () => {
    const { clock, client } = setUp();
    const replicas = ['a', 'b'].map((identity) => startReplica({ identity, client, clock }));
    await clock.advance(60_000);
    expect(replicas.filter(({ elector }) => elector.isLeader)).toHaveLength(1);
    expect(replicas.filter(({ state }) => state.isActing)).toHaveLength(1);
    expect(replicas.map(({ elector }) => elector.check())).toEqual([undefined, undefined]);
    expect(spec(client).leaseTransitions).toBe(0);
  });

  test('row P2: a killed leader is replaced once its lease has run out, with one more transition', async () => {
    const { clock, client } = setUp();
    const dead = new CuttableClient(client);
    const first = startReplica({ identity: 'a', client: dead, clock });
    await clock.advance(5_000);
    const second = startReplica({ identity: 'b', client, clock });
    await clock.advance(20_000);
    expect([first.state.isActing, second.state.isActing]).toEqual([true, false]);
    dead.isCut = true;
    await clock.advance(12_900);
    expect(spec(client).holderIdentity).toBe('a');
    await clock.advance(24_000 - 12_900);
    expect(second.state.isActing).toBe(true);
    expect(spec(client)).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  test('row P3 (I20): a stopped leader releases the lease and a watching standby takes it in less than a second', async () => {
    const { clock, client } = setUp();
    const first = startReplica({ identity: 'a', client, clock });
    await clock.advance(5_000);
    const second = startReplica({ identity: 'b', client, clock });
    await clock.advance(5_000);
    first.stop();
    await clock.advance(900);
    expect(await first.ended).toBe('stopped');
    expect(second.state.isActing).toBe(true);
    const holders = client.callsOf('create', 'replace').map(({ body }) => (body as KubeLease).spec?.holderIdentity);
    expect([...new Set(holders)]).toEqual(['a', '', 'b']);
    expect(spec(client).leaseTransitions).toBe(1);
  });

  test('row P3 (I20): without the right to watch, the standby polls and takes a released lease within 4.4 s', async () => {
    const { clock, client } = setUp();
    const first = startReplica({ identity: 'a', client, clock });
    await clock.advance(5_000);
    client.fail({ verb: 'watch', error: forbidden, times: Infinity });
    const second = startReplica({ identity: 'b', client, clock });
    await clock.advance(20_000);
    expect(client.callsOf('watch')).toHaveLength(1);
    first.stop();
    await clock.advance(4_400);
    expect(second.state.isActing).toBe(true);
  });

  test('the lease is renewed while the work drains, and released only after it has ended', async () => {
    const { clock, client } = setUp();
    const drained = Promise.withResolvers<void>();
    const lead: Lead = async (signal) => {
      await untilAborted(signal);
      await drained.promise;
    };
    const first = startReplica({ identity: 'a', client, clock, lead });
    const second = startReplica({ identity: 'b', client, clock });
    await clock.advance(5_000);
    first.stop();
    await clock.advance(60_000);
    expect([first.state.isActing, second.state.isActing]).toEqual([true, false]);
    drained.resolve();
    await clock.advance(900);
    expect([first.state.end, second.state.isActing]).toEqual(['stopped', true]);
  });

  test('row P4: when renewing is blocked for 10 s the leader stops and reports the loss', async () => {
    const { clock, client } = setUp();
    const blocked = new CuttableClient(client);
    const replica = startReplica({ identity: 'a', client: blocked, clock });
    await clock.advance(5_000);
    blocked.isCut = true;
    await clock.advance(9_000);
    expect(replica.state.isActing).toBe(true);
    await clock.advance(4_000);
    expect(replica.state).toEqual({ end: 'lost', isActing: false });
    expect(replica.elector.isLeader).toBe(false);
  });

  test('a leader that is cut off stops before a standby can take over', async () => {
    const { clock, client } = setUp();
    const cut = new CuttableClient(client);
    const first = startReplica({ identity: 'a', client: cut, clock });
    await clock.advance(3_000);
    const second = startReplica({ identity: 'b', client, clock });
    await clock.advance(7_000);
    cut.isCut = true;
    for (let ms = 0; ms < 40_000; ms += 250) {
      await clock.advance(250);
      expect(first.state.isActing && second.state.isActing).toBe(false);
    }
    expect([first.state.end, second.state.isActing]).toEqual(['lost', true]);
  });

  test('row P5: a wall clock that is one hour off changes nothing', async () => {
    const { client } = setUp();
    const clock = new FakeClock();
    const first = startReplica({ identity: 'a', client, clock });
    await clock.advance(4_000);
    clock.setWallClock(clock.nowMs() + 3_600_000);
    const second = startReplica({ identity: 'b', client, clock });
    for (let ms = 0; ms < 60_000; ms += 1_000) {
      await clock.advance(1_000);
      expect([first.state.isActing, second.state.isActing]).toEqual([true, false]);
    }
  });

  test('a leader whose lease somebody else has taken stops at once', async () => {
    const { clock, client } = setUp();
    const replica = startReplica({ identity: 'a', client, clock });
    await clock.advance(3_000);
    const lease = client.object(leases, 'kube-system/ccm') as KubeLease;
    client.put(leases, { ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } });
    await clock.advance(2_100);
    expect(replica.state.end).toBe('lost');
    expect(spec(client).holderIdentity).toBe('thief');
  });

  test('an event loop that was blocked past the deadline ends the leadership without another write', async () => {
    const { client } = setUp();
    const clock = new JumpingClock();
    const replica = startReplica({ identity: 'a', client, clock });
    await clock.advance(5_000);
    const writes = client.callsOf('create', 'replace').length;
    clock.blockFor(13_000);
    await clock.advance(2_000);
    expect(replica.state.end).toBe('lost');
    expect(client.callsOf('create', 'replace')).toHaveLength(writes);
  });

  test('one lost answer of a renewal costs a read, not the leadership', async () => {
    const { clock, client } = setUp();
    const metrics = fakeMetrics();
    const replica = startReplica({ identity: 'a', client, clock, metrics });
    await clock.advance(3_000);
    client.fail({ verb: 'replace', isDone: true });
    await clock.advance(10_000);
    expect(replica.state.isActing).toBe(true);
    expect(metrics.value('leader_election_slowpath_total', { name: 'ccm' })).toBe(1);
    expect(metrics.value('leader_election_master_status', { name: 'ccm' })).toBe(1);
  });

  test('a lost answer of the first write does not make the lease its own obstacle', async () => {
    const { clock, client } = setUp();
    client.fail({ verb: 'create', isDone: true });
    const replica = startReplica({ identity: 'a', client, clock });
    await clock.advance(5_000);
    expect(replica.state.isActing).toBe(true);
    expect(spec(client).leaseTransitions).toBe(0);
  });

  test('an unreachable API server at start is waited for', async () => {
    const { clock, client } = setUp();
    client.fail({ verb: 'get', times: 5 });
    const replica = startReplica({ identity: 'a', client, clock });
    await clock.advance(30_000);
    expect(replica.state.isActing).toBe(true);
  });

  test('a stop while waiting ends without touching the lease', async () => {
    const { clock, client } = setUp();
    startReplica({ identity: 'a', client, clock });
    await clock.advance(3_000);
    const second = startReplica({ identity: 'b', client, clock });
    await clock.advance(3_000);
    second.stop();
    await clock.advance(100);
    expect(second.state.end).toBe('stopped');
    expect(spec(client).holderIdentity).toBe('a');
  });

  test('work that failed to end leaves the lease to run out', async () => {
    const { clock, client } = setUp();
    const lead: Lead = async (signal) => {
      await untilAborted(signal);
      throw new Error('still busy');
    };
    const replica = startReplica({ identity: 'a', client, clock, lead });
    await clock.advance(3_000);
    replica.stop();
    await clock.advance(100);
    expect(replica.state.end).toBe('rejected');
    expect(spec(client).holderIdentity).toBe('a');
  });

  test('a standby makes no calls while the leader renews', async () => {
    const { clock, client } = setUp();
    startReplica({ identity: 'a', client, clock });
    await clock.advance(3_000);
    startReplica({ identity: 'b', client, clock });
    await clock.advance(3_000);
    const before = client.callsOf('get', 'watch').length;
    await clock.advance(60_000);
    expect(client.callsOf('get', 'watch')).toHaveLength(before);
  });

  test('a watch that breaks is opened again', async () => {
    const { clock, client } = setUp();
    const first = startReplica({ identity: 'a', client, clock });
    await clock.advance(3_000);
    const second = startReplica({ identity: 'b', client, clock });
    await clock.advance(3_000);
    client.endWatches('break');
    await clock.advance(5_000);
    first.stop();
    await clock.advance(900);
    expect(second.state.isActing).toBe(true);
  });

  test('the health check fails when a leader has not renewed for 35 s', async () => {
    const { client } = setUp();
    const clock = new JumpingClock();
    const replica = startReplica({ identity: 'a', client, clock });
    await clock.advance(1_000);
    clock.blockFor(33_900);
    expect(replica.elector.check()).toBeUndefined();
    clock.blockFor(1_100);
    expect(replica.elector.check()).toBe('failed election to renew leadership on lease ccm');
  });

  test('becoming and ceasing to be the leader are events on the lease', async () => {
    const { clock, client } = setUp();
    const said: string[] = [];
    const events: EventRecorder = {
      normal: (about, reason, message) => void said.push(`${about.kind} ${reason}: ${message}`),
      warning: () => {},
    };
    const replica = startReplica({ identity: 'a', client, clock, events });
    await clock.advance(3_000);
    replica.stop();
    await clock.advance(100);
    expect(said).toEqual(['Lease LeaderElection: a became leader', 'Lease LeaderElection: a stopped leading']);
  });
});

/** A client whose connection can be cut: then calls never answer, as with a network that drops packets. */
class CuttableClient extends FakeKubeClient {
  readonly #inner: FakeKubeClient;
  isCut = false;

  constructor(inner: FakeKubeClient) {
    super();
    this.#inner = inner;
  }

  override get: FakeKubeClient['get'] = (type, key, options) => this.#pass(() => this.#inner.get(type, key, options));
  override create: FakeKubeClient['create'] = (type, object, options) =>
    this.#pass(() => this.#inner.create(type, object, options));
  override replace: FakeKubeClient['replace'] = (type, object, options) =>
    this.#pass(() => this.#inner.replace(type, object, options));
  override watch: FakeKubeClient['watch'] = <T extends object>(type: ResourceType<T>, options: never) =>
    this.#pass(() => this.#inner.watch(type, options));

  #pass<R>(call: () => Promise<R>): Promise<R> {
    return this.isCut ? new Promise<R>(() => {}) : call();
  }
}

/** A clock whose timers come late, as after a blocked event loop. */
class JumpingClock extends FakeClock {
  #jumpedMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.#jumpedMs;
  }

  blockFor(ms: number): void {
    this.#jumpedMs += ms;
  }
}
