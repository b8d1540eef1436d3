// The two laws of the planner, over random histories: whatever happened to a Service, its nodes, its balancer and the answers of the
// API, a few passes bring everything into line (convergent), and then a pass does nothing (stable). In the end nothing is left behind.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { aService } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';
import { ANNOTATIONS } from '../annotations.ts';
import { defaultName } from './ownership.ts';

const signal = new AbortController().signal;
const KEPT = [ANNOTATIONS.loadBalancerId.key, ANNOTATIONS.claim.key, ANNOTATIONS.type.key];

type Event =
  | { readonly kind: 'annotate'; readonly annotations: Annotated }
  | { readonly kind: 'ports'; readonly ports: readonly number[] }
  | {
      readonly kind: 'node-comes' | 'node-goes' | 'restart' | 'pass' | 'forget-notes' | 'balancer-deleted' | 'time';
    }
  | { readonly kind: 'edited'; readonly change: object }
  | {
      readonly kind: 'fault';
      readonly method: string;
      readonly what: 'drop-after' | 'drop-before' | 'answer' | 'html';
    };

const annotations = fc.record<Annotated>(
  {
    name: fc.constantFrom('one', 'two'),
    proxyProtocol: fc.constantFrom('true', 'false'),
    backendKeepalive: fc.constant('true'),
    httpIdleTimeout: fc.constantFrom('30', '90'),
    denyRules: fc.constantFrom('ip:192.0.2.1', 'cidr:10.0.0.0/8,ip:192.0.2.9'),
    overrideHealthCheck: fc.constant('true'),
    healthCheckPath: fc.constant('/x'),
  },
  { requiredKeys: [] },
);

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('annotate' as const), annotations }),
  fc.record({
    kind: fc.constant('ports' as const),
    ports: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constantFrom('node-comes', 'node-goes', 'restart', 'pass', 'forget-notes', 'balancer-deleted', 'time'),
  }),
  fc.record({
    kind: fc.constant('edited' as const),
    change: fc.constantFrom(
      { forwarding_rules: [] },
      { enable_proxy_protocol: true },
      { droplet_ids: [] },
      { tls_cipher_policy: 'STRONG' },
    ),
  }),
  fc.record({
    kind: fc.constant('fault' as const),
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    what: fc.constantFrom('drop-after', 'drop-before', 'answer', 'html'),
  }),
);

/** One Service in a world where things happen. */
class History {
  readonly #world: World;
  #balancers;

  constructor(world: World) {
    this.#world = world;
    this.#balancers = world.balancers;
    world.cluster.put(aService());
  }

  async apply(event: Event): Promise<void> {
    const { cloud, clock } = this.#world;
    switch (event.kind) {
      case 'annotate':
        return this.#put({ annotations: event.annotations });
      case 'ports':
        return this.#put({ ports: event.ports });
      case 'fault':
        return void cloud.fail({ match: { method: event.method }, kind: event.what });
      case 'restart':
        this.#balancers = this.#world.restart();
        return;
      case 'forget-notes':
        return this.#forgetNotes();
      case 'time':
        return clock.advance(20_000);
      case 'pass':
        return void (await this.pass());
      default:
        return this.#byHand(event);
    }
  }

  #byHand(event: Event): void {
    const { cloud } = this.#world;
    const [droplet = 0] = cloud.state.droplets.keys();
    const [balancer] = cloud.state.loadBalancers.keys();
    if (event.kind === 'node-comes') cloud.addDroplet();
    else if (event.kind === 'node-goes' && cloud.state.droplets.size > 1) cloud.removeDroplet(droplet);
    else if (event.kind === 'balancer-deleted' && balancer !== undefined) cloud.removeLoadBalancer(balancer);
    else if (event.kind === 'edited' && balancer !== undefined) cloud.updateLoadBalancer(balancer, event.change);
  }

  // `kubectl replace` takes the controller's notes away, and starts a pass. With a new name in the same manifest, or before that pass
  // has gone well, nothing would be left to go by.
  async #forgetNotes(): Promise<void> {
    const { cloud, cluster } = this.#world;
    const service = cluster.get('web');
    const { annotations = {} } = service.metadata ?? {};
    const names = [...cloud.state.loadBalancers.values()].map(({ name }) => name);
    if (!names.includes(annotations[ANNOTATIONS.name.key] ?? defaultName(service))) return;
    const left = Object.fromEntries(Object.entries(annotations).filter(([key]) => !KEPT.includes(key)));
    cluster.put({ ...service, metadata: { ...service.metadata, annotations: left } });
    cloud.clearFaults();
    await this.#world.clock.advance(11_000);
    await this.pass();
  }

  /** One pass of the controller; a failure is retried later, as the controller does. */
  async pass(): Promise<'ready' | 'waiting'> {
    const { cluster, clock, nodes } = this.#world;
    const result = await this.#balancers.ensure(cluster.get('web'), nodes(), signal).catch(() => undefined);
    if (result?.kind === 'ready') cluster.show('web', result.status);
    else await clock.advance(result?.kind === 'in-progress' ? result.checkAgainMs : 11_000);
    return result?.kind === 'ready' ? 'ready' : 'waiting';
  }

  async steps(): Promise<readonly object[]> {
    return (await this.#balancers.plan(this.#world.cluster.get('web'), this.#world.nodes(), signal)).steps;
  }

  async leave(): Promise<void> {
    for (let pass = 0; pass < 5; pass += 1) {
      const result = await this.#balancers.remove(this.#world.cluster.get('web'), signal).catch(() => undefined);
      if (result?.kind === 'removed') return;
      await this.#world.clock.advance(11_000);
    }
    throw new Error('never removed');
  }

  #put(wish: { annotations?: Annotated; ports?: readonly number[] }): void {
    const before = this.#world.cluster.get('web');
    const kept = Object.entries(before.metadata?.annotations ?? {}).filter(([key]) => KEPT.includes(key));
    const ports = wish.ports ?? (before.spec?.ports ?? []).map(({ port }) => port);
    const service = aService({ ...wish, ports });
    const all = { ...service.metadata?.annotations, ...Object.fromEntries(kept) };
    const { status } = before;
    this.#world.cluster.put({
      ...service,
      status,
      metadata: { ...service.metadata, annotations: all },
    } as typeof service);
  }
}

describe('load balancers', () => {
  test('converge, are stable then, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), async (events) => {
        const world = await aWorld({ cloud: { timeToActiveMs: 1_500 } });
        try {
          const history = new History(world);
          for (const each of events) await history.apply(each);
          world.cloud.clearFaults();
          await world.clock.advance(11_000);
          let passes = 0;
          while ((await history.pass()) === 'waiting') {
            passes += 1;
            if (passes > 8) throw new Error('does not converge');
          }
          expect(await history.steps()).toEqual([]);
          const writes = world.cloud.calls.writes().length;
          expect(await history.pass()).toBe('ready');
          expect(world.cloud.calls.writes()).toHaveLength(writes);
          expect(world.cloud.state.loadBalancers.size).toBe(1);
          expect(world.cloud.schemaProblems).toEqual([]);
          await history.leave();
          expect(world.cloud.state.loadBalancers.size).toBe(0);
        } finally {
          await world.close();
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
