// Replay with lost answers at every point: each call of a plan is interrupted once, before and after it took effect, and the next passes
// have to end in the same world as without any interruption: one balancer, as wanted, noted on its Service, and nothing to do. Random
// Services with all annotations, random edits, random node sets. A pass that finds nothing to change sends nothing.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ANNOTATIONS } from '../annotations.ts';
import { annotate, aService } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';

const signal = new AbortController().signal;
const OWN: readonly string[] = [ANNOTATIONS.loadBalancerId.key, ANNOTATIONS.claim.key, ANNOTATIONS.type.key];
const PROJECT = 'project';

// Everything that can be changed on a balancer of this type; each combination is a Service without problems.
const shared: fc.Arbitrary<Annotated> = fc.record(
  {
    name: fc.constantFrom('one', 'two'),
    proxyProtocol: fc.constantFrom('true', 'false'),
    backendKeepalive: fc.constantFrom('true', 'false'),
    redirectHttpToHttps: fc.constantFrom('true', 'false'),
    disableLetsEncryptDns: fc.constantFrom('true', 'false'),
    httpIdleTimeout: fc.constantFrom('30', '600'),
    algorithm: fc.constantFrom('round_robin', 'least_connections'),
    sizeUnit: fc.constantFrom('0', '1', '3'),
    denyRules: fc.constantFrom('ip:192.0.2.1', 'cidr:10.0.0.0/8, ip:192.0.2.9'),
    allowRules: fc.constantFrom('ip:192.0.2.2', 'cidr:2001:db8::/32'),
    tlsCipherPolicy: fc.constantFrom('DEFAULT', 'STRONG'),
    projectId: fc.constant(PROJECT),
    hostname: fc.constantFrom('lb.example.com'),
    healthCheckInterval: fc.constantFrom('3', '300'),
    healthCheckTimeout: fc.constantFrom('3', '9'),
    healthCheckUnhealthyThreshold: fc.constantFrom('2', '10'),
    healthCheckHealthyThreshold: fc.constantFrom('2', '10'),
  },
  { requiredKeys: [] },
);
const sticky = fc.constantFrom<Annotated>(
  {},
  { stickyType: 'none' },
  { stickyType: 'cookies', stickyCookieName: 'LB', stickyCookieTtl: '60' },
);
const check = fc.constantFrom<Annotated>(
  {},
  { overrideHealthCheck: 'true' },
  { overrideHealthCheck: 'true', healthCheckPath: '/x', healthCheckProtocol: 'https' },
  { overrideHealthCheck: 'true', healthCheckPort: '443' },
);
const tls = fc.constantFrom<Annotated>(
  {},
  { httpPorts: '80' },
  { certificateName: 'shop' },
  { certificateName: 'shop', http2Ports: '443', http3Port: '443', targetProtocol: 'https' },
  { tlsPassthrough: 'true', tlsPorts: '443' },
  { portCertificates: '443:admin', protocol: 'http' },
);
const regional = fc
  .tuple(shared, sticky, check, tls)
  .map((parts) => Object.assign({ type: 'REGIONAL' }, ...parts) as Annotated);
const network = fc
  .tuple(shared, check)
  .map((parts) => Object.assign({ type: 'REGIONAL_NETWORK' }, ...parts) as Annotated);
const global = fc.record<Annotated>(
  {
    type: fc.constant('GLOBAL'),
    name: fc.constantFrom('one', 'two'),
    globalDomains: fc.constantFrom('a.example.com', 'b.example.com:shop,a.example.com'),
    globalManagedDomains: fc.constant('c.example.com'),
    globalTargetProtocol: fc.constantFrom('http', 'https', 'http2'),
    globalTargetPort: fc.constantFrom('80', '443'),
    globalCdn: fc.constantFrom('true', 'false'),
    globalRegionPriorities: fc.constantFrom('fra1:1,nyc1:2', 'nyc1:1'),
    globalFailoverThreshold: fc.constantFrom('1', '99'),
  },
  { requiredKeys: ['type'] },
);

interface Wish {
  readonly annotations: Annotated;
  readonly ports: readonly number[];
  readonly droplets: number;
}
const wishes = fc.oneof(regional, network, global).chain((first) => {
  const again = first.type === 'REGIONAL' ? regional : first.type === 'GLOBAL' ? global : network;
  const wish = (annotations: fc.Arbitrary<Annotated>): fc.Arbitrary<Wish> =>
    fc.record({
      annotations,
      ports: fc.constantFrom([80, 443], [443, 80, 8080]),
      droplets: fc.integer({ min: 1, max: 4 }),
    });
  return fc.tuple(wish(fc.constant(first)), wish(again));
});

class Scene {
  readonly world: World;
  readonly #project: string;

  constructor(world: World) {
    this.world = world;
    this.#project = world.cloud.addProject('shops').id;
    for (const name of ['shop', 'admin']) world.cloud.addCertificate({ name });
    world.cluster.put(aService());
  }

  wish({ annotations, ports, droplets }: Wish): void {
    const { cluster, cloud } = this.world;
    const kept = Object.entries(cluster.get('web').metadata?.annotations ?? {}).filter(([key]) => OWN.includes(key));
    const asked = annotations.projectId === undefined ? annotations : { ...annotations, projectId: this.#project };
    const all = { ...Object.fromEntries(kept), ...annotate(asked) };
    const { status } = cluster.get('web');
    cluster.put({ ...aService({ ports, metadata: { annotations: all } }), ...(status ? { status } : {}) });
    while (cloud.state.droplets.size < droplets) cloud.addDroplet();
    for (const id of [...cloud.state.droplets.keys()].slice(droplets)) cloud.removeDroplet(id);
  }

  /** Passes until all is done; the number of calls that change something. */
  async settle(): Promise<number> {
    const { world } = this;
    const before = world.cloud.calls.writes().length;
    for (let pass = 0; pass < 12; pass += 1) {
      const result = await world.balancers
        .ensure(world.cluster.get('web'), world.nodes(), signal)
        .catch(() => undefined);
      if (result?.kind === 'ready') world.cluster.show('web', result.status);
      if (result?.kind === 'ready' && !result.unfinished) return world.cloud.calls.writes().length - before;
      const waitMs = result?.kind === 'in-progress' ? result.checkAgainMs : 61_000;
      await world.clock.advance(Math.max(waitMs, 11_000));
    }
    throw new Error('does not converge');
  }

  async expectDone(): Promise<void> {
    const { world } = this;
    const service = world.cluster.get('web');
    const plan = await world.balancers.plan(service, world.nodes(), signal);
    expect(plan).toMatchObject({ steps: [], blockedBy: [], status: service.status?.loadBalancer });
    expect(await this.settle()).toBe(0);
    expect(world.cloud.schemaProblems).toEqual([]);
    const [balancer, ...more] = world.cloud.state.loadBalancers.values();
    expect(more).toEqual([]);
    expect(service.metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key]).toBe(balancer?.id);
  }

  /** The balancer without what is different in every world. */
  shown(): unknown {
    const [balancer] = this.world.cloud.state.loadBalancers.values();
    const {
      id: _id,
      created_at: _at,
      ip: _ip,
      ipv6: _ipv6,
      algorithm: _algorithm,
      ...rest
    } = balancer ?? ({} as never);
    return rest;
  }
}

async function inWorld<T>(run: (scene: Scene) => Promise<T>): Promise<T> {
  const world = await aWorld({ cloud: { timeToActiveMs: 1_500, droplets: 0 }, config: { clusterTag: 'k8s:c1' } });
  try {
    return await run(new Scene(world));
  } finally {
    await world.close();
  }
}

describe('an interruption of any call', () => {
  test('of a creation or an edit ends in the same world as none', async () => {
    const kinds = fc.constantFrom('drop-before' as const, 'drop-after' as const, 'html' as const);
    await fc.assert(
      fc.asyncProperty(wishes, kinds, async ([first, second], kind) => {
        const whole = await inWorld(async (scene) => {
          scene.wish(first);
          await scene.settle();
          await scene.expectDone();
          scene.wish(second);
          await scene.settle();
          await scene.expectDone();
          return { calls: scene.world.cloud.calls.total, shown: scene.shown() };
        });
        for (let at = 0; at < whole.calls; at += 1) {
          await inWorld(async (scene) => {
            if (at > 0) scene.world.cloud.fail({ kind: 'delay', delayMs: 0, times: at });
            scene.world.cloud.fail({ kind });
            scene.wish(first);
            await scene.settle();
            scene.wish(second);
            await scene.settle();
            scene.world.cloud.clearFaults();
            await scene.settle();
            await scene.expectDone();
            expect(scene.shown()).toEqual(whole.shown);
          });
        }
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});
