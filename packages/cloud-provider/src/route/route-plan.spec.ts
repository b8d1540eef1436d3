import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { Route } from '../provider.ts';
import { anInitializedNode } from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import { canonicalCidr, parseClusterCidrs } from './cidr.ts';
import { planNetworkConditions } from './network-condition-plan.ts';
import { describeRouteStep, planRoutes } from './route-plan.ts';
import type { RouteFacts, RoutePlan } from './route-plan.ts';

const clusterCidrs = parseClusterCidrs('10.0.0.0/16,2001:db8::/48');
const aRoute = (targetNode: string, destinationCidr: string, more: Partial<Route> = {}): Route => ({
  name: `${targetNode}:${destinationCidr}`,
  targetNode,
  destinationCidr,
  isBlackhole: false,
  ...more,
});
const node = (name: string, podCidrs: readonly string[], traits: NodeTraits = {}): KubeNode =>
  anInitializedNode({ name, podCidrs, ...traits });

function plan(facts: Partial<RouteFacts>): RoutePlan {
  return planRoutes({ nodes: [], ignoredNodes: new Set(), routes: [], clusterCidrs, ...facts });
}

/** `+node cidr` for creations, `-node cidr` for removals, grouped. */
function short(groups: RoutePlan): string[][] {
  return groups.map((steps) =>
    steps.map(
      ({ kind, route }) => `${kind === 'create-route' ? '+' : '-'}${route.targetNode} ${route.destinationCidr}`,
    ),
  );
}

describe('planRoutes', () => {
  test('row R1 a node with a pod range and no route: created with the UID as hint', () => {
    const one = node('a', ['10.0.1.0/24']);
    expect(plan({ nodes: [one] })).toEqual([
      [
        {
          kind: 'create-route',
          node: one,
          nameHint: 'uid-of-a',
          route: { name: '', targetNode: 'a', destinationCidr: '10.0.1.0/24', isBlackhole: false },
        },
      ],
    ]);
  });

  test.each<{ when: string; facts: Partial<RouteFacts>; expected: string[][] }>([
    {
      when: 'row R3 the route of a deleted node inside the cluster is removed',
      facts: { routes: [aRoute('gone', '10.0.1.0/24')] },
      expected: [['-gone 10.0.1.0/24']],
    },
    {
      when: 'row R4 routes outside the cluster, and what is no CIDR, are untouched',
      facts: {
        routes: [
          aRoute('gone', '192.168.0.0/24'),
          aRoute('gone', 'nonsense'),
          aRoute('', '172.16.0.0/12', { isBlackhole: true }),
        ],
      },
      expected: [],
    },
    {
      when: 'row R5 a blackhole in the cluster is removed',
      facts: {
        nodes: [node('a', ['10.0.1.0/24'])],
        routes: [aRoute('a', '10.0.1.0/24'), aRoute('', '10.0.9.0/24', { isBlackhole: true })],
      },
      expected: [['- 10.0.9.0/24']],
    },
    {
      when: 'a blackhole for a range of a node is removed before the route is created',
      facts: { nodes: [node('a', ['10.0.1.0/24'])], routes: [aRoute('a', '10.0.1.0/24', { isBlackhole: true })] },
      expected: [['-a 10.0.1.0/24', '+a 10.0.1.0/24']],
    },
    {
      when: 'row R6 of two ranges one has its route: only the other is created',
      facts: { nodes: [node('a', ['10.0.1.0/24', '2001:db8:0:1::/64'])], routes: [aRoute('a', '10.0.1.0/24')] },
      expected: [['+a 2001:db8:0:1::/64']],
    },
    {
      when: 'I22 another spelling of the range is the same range',
      facts: { nodes: [node('a', ['2001:db8:0:1::/64'])], routes: [aRoute('a', '2001:DB8::1:0:0:0:0/64')] },
      expected: [],
    },
    {
      when: 'I22 a range that moved to another node is removed there before it is created here',
      facts: {
        nodes: [node('a', ['10.0.1.0/24']), node('b', ['10.0.2.0/24'])],
        routes: [aRoute('b', '10.0.1.0/24'), aRoute('b', '10.0.2.0/24')],
      },
      expected: [['-b 10.0.1.0/24', '+a 10.0.1.0/24']],
    },
    {
      when: 'a range that the node no longer has is removed',
      facts: { nodes: [node('a', [])], routes: [aRoute('a', '10.0.1.0/24')] },
      expected: [['-a 10.0.1.0/24']],
    },
    {
      when: 'a second route to the same place is left alone',
      facts: {
        nodes: [node('a', ['10.0.1.0/24'])],
        routes: [aRoute('a', '10.0.1.0/24'), aRoute('a', '10.0.1.0/24', { name: 'twin' })],
      },
      expected: [],
    },
    {
      when: 'I12 routes of a node that is not ours to manage are left alone',
      facts: { ignoredNodes: new Set(['metal']), routes: [aRoute('metal', '10.0.1.0/24')] },
      expected: [],
    },
    {
      when: 'everything right: nothing',
      facts: { nodes: [node('a', ['10.0.1.0/24'])], routes: [aRoute('a', '10.0.1.0/24')] },
      expected: [],
    },
  ])('$when', ({ facts, expected }) => {
    expect(short(plan(facts))).toEqual(expected);
  });

  describe('where the cloud routes to addresses', () => {
    const addresses = [
      { type: 'InternalIP', address: '10.9.0.1' },
      { type: 'Hostname', address: 'a' },
    ] as const;
    const one = node('a', ['10.0.1.0/24'], { addresses });

    test('row R9 other addresses: removed, then created with the new ones', () => {
      const old = aRoute('a', '10.0.1.0/24', { targetNodeAddresses: [{ type: 'InternalIP', address: '10.9.0.7' }] });
      const steps = plan({ nodes: [one], routes: [old] });
      expect(short(steps)).toEqual([['-a 10.0.1.0/24', '+a 10.0.1.0/24']]);
      expect(steps[0]?.[1]?.route.targetNodeAddresses).toEqual(addresses);
    });

    test('the same addresses in another order: nothing', () => {
      const same = aRoute('a', '10.0.1.0/24', { targetNodeAddresses: [...addresses].reverse() });
      expect(plan({ nodes: [one], routes: [same] })).toEqual([]);
    });

    test('old addresses outside the cluster: nothing that could repeat for ever', () => {
      const outside = node('a', ['192.168.1.0/24'], { addresses });
      const old = aRoute('a', '192.168.1.0/24', { targetNodeAddresses: [] });
      expect(plan({ nodes: [outside], routes: [old] })).toEqual([]);
    });
  });

  test('laws: convergent, stable, and nothing outside the cluster is removed', () => {
    const aCidr = fc.constantFrom('10.0.1.0/24', '10.0.2.0/24', '10.0.1.9/24', '2001:db8:0:1::/64', '192.168.0.0/24');
    const aName = fc.constantFrom('a', 'b', 'c');
    const someNodes = fc.uniqueArray(fc.record({ name: aName, podCidrs: fc.array(aCidr, { maxLength: 2 }) }), {
      selector: ({ name }) => name,
      maxLength: 3,
    });
    const someRoutes = fc.array(fc.record({ target: aName, cidr: aCidr, isBlackhole: fc.boolean() }), { maxLength: 6 });
    fc.assert(
      fc.property(someNodes, someRoutes, (traits, found) => {
        const nodes = traits.map(({ name, podCidrs }) => node(name, podCidrs));
        const routes = found.map(({ target, cidr, isBlackhole }, index) =>
          aRoute(target, cidr, { isBlackhole, name: `r${index}` }),
        );
        const steps = plan({ nodes, routes }).flat();
        const removed = new Set(steps.filter(({ kind }) => kind === 'remove-route').map(({ route }) => route));
        expect([...removed].every(({ destinationCidr }) => !destinationCidr.startsWith('192.'))).toBe(true);
        const created = steps
          .filter(({ kind }) => kind === 'create-route')
          .map(({ route }, index) => ({ ...route, name: `c${index}` }));
        expect(plan({ nodes, routes: [...routes.filter((route) => !removed.has(route)), ...created] })).toEqual([]);
      }),
    );
  });

  test('steps of one range are in one group, removals first', () => {
    const groups = plan({
      nodes: [node('a', ['10.0.1.0/24']), node('b', ['10.0.2.0/24'])],
      routes: [aRoute('x', '10.0.1.5/24'), aRoute('y', '10.0.1.0/24')],
    });
    expect(short(groups)).toEqual([['-x 10.0.1.5/24', '-y 10.0.1.0/24', '+a 10.0.1.0/24'], ['+b 10.0.2.0/24']]);
    expect(new Set(groups[0]?.map(({ route }) => canonicalCidr(route.destinationCidr))).size).toBe(1);
  });
});

test('steps in words say what and why', () => {
  const groups = plan({
    nodes: [node('a', ['10.0.1.0/24'])],
    routes: [aRoute('x', '10.0.2.0/24'), aRoute('a', '10.0.3.0/24')],
  });
  expect(groups.flat().map(describeRouteStep)).toEqual([
    'remove the route x:10.0.2.0/24 for 10.0.2.0/24: there is no node x',
    'remove the route a:10.0.3.0/24 for 10.0.3.0/24: node a does not have this range',
    'create a route for 10.0.1.0/24 to node a',
  ]);
});

describe('planNetworkConditions', () => {
  const routed = { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' };

  function told(traits: NodeTraits, facts: { failed?: string[]; routes?: Route[] } = {}): (boolean | undefined)[] {
    const nodes = [node('a', traits.podCidrs ?? [], traits)];
    const steps = planNetworkConditions({ nodes, routes: facts.routes ?? [], failed: new Set(facts.failed) });
    return steps.map(({ hasRoutes }) => hasRoutes);
  }

  test.each([
    { when: 'row R1 all routes are there', result: told({ podCidrs: ['10.0.1.0/24'] }), expected: [true] },
    {
      when: 'row R2 a creation failed',
      result: told({ podCidrs: ['10.0.1.0/24'] }, { failed: ['a'] }),
      expected: [false],
    },
    {
      when: 'row R6 of two ranges one failed',
      result: told({ podCidrs: ['10.0.1.0/24', '2001:db8:0:1::/64'] }, { failed: ['a'] }),
      expected: [false],
    },
    {
      when: 'row R7 the reason is that of another network plug-in',
      result: told({ podCidrs: ['10.0.1.0/24'], conditions: [{ ...routed, reason: 'CiliumIsUp' }] }),
      expected: [true],
    },
    {
      when: 'row R8 the condition is right already',
      result: told({ podCidrs: ['10.0.1.0/24'], conditions: [routed] }),
      expected: [],
    },
    { when: 'no ranges and no routes', result: told({}), expected: [] },
    { when: 'no ranges, but a route', result: told({}, { routes: [aRoute('a', '10.0.1.0/24')] }), expected: [false] },
  ])('$when', ({ result, expected }) => {
    expect(result).toEqual(expected);
  });
});
