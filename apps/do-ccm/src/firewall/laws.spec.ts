// The laws of the firewall's planner, over random Services and firewalls: one step brings everything into line, then there is none; a wrong
// Service harms nobody; what others have put in stays. And over random histories with faults: one firewall in the end, as wanted.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseFirewall, toFirewallBody } from '@longshore/digitalocean-api';
import type { Firewall, FirewallRule, FirewallSpec } from '@longshore/digitalocean-api';
import type { KubeService } from '@longshore/k8s-runtime';
import { aService } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { FirewallScene } from '../test-support/firewall-scene.ts';
import { desiredPublicFirewall } from './desired.ts';
import type { WantedFirewall } from './desired.ts';
import { planFirewall } from './plan.ts';
import { ruleKey } from './rules.ts';

const settings = { name: 'public', tags: ['k8s'] };
const { signal } = new AbortController();

const anAnnotations: fc.Arbitrary<Annotated> = fc.record(
  {
    type: fc.constantFrom('REGIONAL', 'REGIONAL_NETWORK', 'BIG'),
    network: fc.constantFrom('EXTERNAL', 'INTERNAL'),
    disown: fc.constantFrom('true', 'false', 'maybe'),
    allowRules: fc.constantFrom('ip:192.0.2.1', 'cidr:10.0.0.0/8,ip:2001:db8::1', 'nonsense'),
    firewallManaged: fc.constantFrom('true', 'false', 'bogus'),
  },
  { requiredKeys: [] },
);

const aRandomService = fc
  .record({
    type: fc.constantFrom('NodePort', 'LoadBalancer', 'LoadBalancer', 'ClusterIP'),
    ports: fc.uniqueArray(
      fc.record({
        port: fc.integer({ min: 1, max: 5 }),
        nodePort: fc.integer({ min: 30_000, max: 30_004 }),
        protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
      }),
      { minLength: 1, maxLength: 3, selector: ({ port, protocol }) => `${port}${protocol}` },
    ),
    annotations: anAnnotations,
    ranges: fc.constantFrom([], [], ['10.0.0.0/8', '192.0.2.0/24'], ['wrong']),
    isLocal: fc.boolean(),
  })
  .map(({ type, ports, annotations, ranges, isLocal }): Parameters<typeof aService>[0] => ({
    ports,
    annotations,
    spec: {
      type,
      ...(ranges.length > 0 ? { loadBalancerSourceRanges: [...ranges] } : {}),
      ...(isLocal ? { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 } : {}),
    },
  }));

const someServices = fc
  .array(aRandomService, { maxLength: 5 })
  .map((wishes) => wishes.map((wish, at) => aService({ ...wish, name: `s${at}`, uid: `u${at}` })));

const somePeers = fc.record(
  {
    addresses: fc.subarray(['0.0.0.0/0', '::/0', '192.0.2.1', '10.0.0.0/8'], { minLength: 1 }),
    droplet_ids: fc.subarray([7, 8], { minLength: 1 }),
    load_balancer_uids: fc.subarray(['lb-1', 'lb-9'], { minLength: 1 }),
    tags: fc.subarray(['bastion', 'k8s'], { minLength: 1 }),
  },
  { requiredKeys: [] },
);
const aWireRule = (side: 'sources' | 'destinations') =>
  fc.record({
    protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
    ports: fc.constantFrom('1', '2', '30000', '30001', '22', '8000-9000', '0', 'all', ''),
    [side]: somePeers,
  });
const aFirewall: fc.Arbitrary<Firewall> = fc
  .record({
    id: fc.constant('fw-1'),
    name: fc.constantFrom('public', 'renamed'),
    inbound_rules: fc.array(aWireRule('sources'), { maxLength: 6 }),
    outbound_rules: fc.array(aWireRule('destinations'), { maxLength: 3 }),
    droplet_ids: fc.subarray([7, 8, 9]),
    tags: fc.subarray(['k8s', 'other']),
  })
  .map((raw) => parseFirewall(raw));

function wantedOf(services: readonly KubeService[]): WantedFirewall {
  return desiredPublicFirewall({ settings, services, defaultType: 'REGIONAL_NETWORK', balancers: undefined }).wanted;
}

/** What the API shows of a firewall: "0" for all ports, rules in another order. */
function asShown(spec: FirewallSpec): Firewall {
  const body = toFirewallBody(spec) as Record<'inbound_rules' | 'outbound_rules', { ports?: string }[]>;
  const shown = (rules: { ports?: string }[]): object[] =>
    rules
      .map((rule) => ({ ...rule, ports: rule.ports === undefined || rule.ports === 'all' ? '0' : rule.ports }))
      .reverse();
  return parseFirewall({
    ...body,
    id: 'fw-1',
    inbound_rules: shown(body.inbound_rules),
    outbound_rules: shown(body.outbound_rules),
  });
}

const foreignPeers = (rules: readonly FirewallRule[]): readonly string[] =>
  rules.flatMap((rule) =>
    [...(rule.peers.dropletIds ?? []), ...(rule.peers.tags ?? [])].map((peer) => `${ruleKey(rule)} ${peer}`),
  );

describe('the planner', () => {
  test('convergent and stable: after one step there is none, whatever was there', () => {
    fc.assert(
      fc.property(someServices, fc.option(aFirewall, { nil: undefined }), (services, found) => {
        const wanted = wantedOf(services);
        const step = planFirewall(wanted, found);
        expect(planFirewall(wanted, step ? asShown(step.spec) : found)).toBeUndefined();
      }),
    );
  });

  test('the order of Services makes no difference', () => {
    fc.assert(
      fc.property(someServices, (services) => {
        const { inboundRules } = wantedOf(services);
        expect(wantedOf([...services].reverse()).inboundRules).toEqual(inboundRules);
      }),
    );
  });

  test('what others have put in stays', () => {
    fc.assert(
      fc.property(someServices, aFirewall, (services, found) => {
        const step = planFirewall(wantedOf(services), found);
        if (!step) return;
        expect(step.spec.dropletIds).toEqual(found.dropletIds);
        expect(foreignPeers(step.spec.inboundRules).toSorted()).toEqual(
          [...new Set(foreignPeers(found.inboundRules))].sort(),
        );
        expect(foreignPeers(step.spec.outboundRules).toSorted()).toEqual(
          [...new Set(foreignPeers(found.outboundRules))].sort(),
        );
      }),
    );
  });

  test('F7 a wrong Service takes nothing from the others, and loses nothing that is open for it', () => {
    const bad = aService({ name: 'bad', uid: 'bad', ports: [1, 2], annotations: { type: 'BIG' } });
    fc.assert(
      fc.property(someServices, aFirewall, (services, found) => {
        const inbound = planFirewall(wantedOf([...services, bad]), found)?.spec.inboundRules ?? found.inboundRules;
        const open = found.inboundRules.filter((rule) => ['tcp 1', 'tcp 2'].includes(ruleKey(rule)));
        const shut = [...wantedOf(services).inboundRules, ...open].flatMap((rule) => addressesShut(rule, inbound));
        expect(shut).toEqual([]);
      }),
    );
  });
});

/** Addresses that a rule lets in and `rules` do not. */
function addressesShut(rule: FirewallRule, rules: readonly FirewallRule[]): readonly string[] {
  const open = rules.filter((each) => ruleKey(each) === ruleKey(rule)).flatMap(({ peers }) => peers.addresses ?? []);
  const isOpen = (address: string): boolean =>
    open.includes(address) || open.includes(address.includes(':') ? '::/0' : '0.0.0.0/0');
  return (rule.peers.addresses ?? []).filter((address) => !isOpen(address));
}

type Event =
  | { readonly kind: 'put'; readonly at: number; readonly wish: Parameters<typeof aService>[0] }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'edited' | 'deleted' | 'time' }
  | { readonly kind: 'fault'; readonly method: string; readonly what: 'drop-after' | 'drop-before' | 'html' };

const anEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), at: fc.integer({ min: 0, max: 2 }), wish: aRandomService }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ kind: fc.constantFrom('edited' as const, 'deleted' as const, 'time' as const) }),
  fc.record({
    kind: fc.constant('fault' as const),
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    what: fc.constantFrom('drop-after' as const, 'drop-before' as const, 'html' as const),
  }),
);

async function apply(event: Event, scene: FirewallScene): Promise<void> {
  const { cloud } = scene.world;
  const [firewall] = cloud.state.firewalls.values();
  switch (event.kind) {
    case 'put':
      return scene.put(aService({ ...event.wish, name: `s${event.at}`, uid: `u${event.at}` }));
    case 'remove':
      return void scene.services.delete(`shop/s${event.at}`);
    case 'edited':
      return firewall && cloud.updateFirewall(firewall.id, { inbound_rules: [], name: 'edited' });
    case 'deleted':
      return firewall && cloud.removeFirewall(firewall.id);
    case 'fault':
      return void cloud.fail({ match: { method: event.method, path: /firewalls/ }, kind: event.what, status: 502 });
    case 'time':
      return scene.elapse(60_000);
  }
}

test('the controller: after any history there is one firewall, as wanted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anEvent, { maxLength: 10 }), async (events) => {
      const scene = await FirewallScene.open({ reordersFirewallRules: true });
      try {
        await scene.begin();
        for (const event of events) await apply(event, scene);
        scene.world.cloud.clearFaults();
        await scene.elapse(301_000);
        const named = [...scene.world.cloud.state.firewalls.values()];
        expect(named.map(({ name }) => name)).toEqual(['public']);
        expect((await scene.firewall.plan(scene.services.list(), signal)).steps).toEqual([]);
      } finally {
        await scene.close();
      }
    }),
    { numRuns: 10 },
  );
}, 60_000);
