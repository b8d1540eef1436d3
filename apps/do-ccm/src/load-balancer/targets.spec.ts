// Nodes as targets, and what follows from them for the network stack.
import { describe, expect, test } from '@jest/globals';
import { aBalancer, aNode, settingsOf } from '../test-support/builders.ts';
import type { Annotated, NodeWish } from '../test-support/builders.ts';
import { parseDropletNumber } from '../test-support/ids.ts';
import { immutableConflicts, networkStackOf, networkStackProblems, reachOf } from './placement.ts';
import type { BalancerConfig } from './placement.ts';
import { firstNames, mayBecomeReachable, selectBackends } from './targets.ts';
import type { Backends } from './targets.ts';

const config: BalancerConfig = {
  region: 'fra1',
  vpcId: undefined,
  clusterTag: undefined,
  defaultType: 'REGIONAL_NETWORK',
};
const v4: NodeWish = { external: ['198.51.100.1'] };
const dual: NodeWish = { external: ['198.51.100.1', '2001:db8::1'] };
const onlyPrivate: NodeWish = { external: [] };
const onlyV6: NodeWish = { external: ['2001:db8::1'] };

const numbers = new Map<string, number>();
function select(annotations: Annotated, ...wishes: readonly NodeWish[]): Backends {
  const nodes = wishes.map((wish, at) => aNode(`n${at + 1}`, wish));
  nodes.forEach((node, at) => numbers.set(node.metadata?.name ?? '', at + 1));
  const reach = reachOf(settingsOf(annotations), config);
  return selectBackends(nodes, reach, (node) => parseDropletNumber(numbers.get(node.metadata?.name ?? '') ?? 0));
}

describe('selectBackends', () => {
  test.each<{ when: string; annotations: Annotated; nodes: readonly NodeWish[]; uses: readonly number[] }>([
    {
      when: 'DO row 63 inside a VPC every node',
      annotations: { network: 'INTERNAL' },
      nodes: [onlyPrivate, v4, onlyV6],
      uses: [1, 2, 3],
    },
    {
      when: 'DO row 69 an HTTP balancer reaches private nodes',
      annotations: { type: 'REGIONAL' },
      nodes: [onlyPrivate, onlyPrivate],
      uses: [1, 2],
    },
    {
      when: 'DO row 70 nothing but IPv6 is left out (HTTP)',
      annotations: { type: 'REGIONAL' },
      nodes: [v4, onlyV6],
      uses: [1],
    },
    { when: 'DO row 70 nothing but IPv6 is left out (network)', annotations: {}, nodes: [v4, onlyV6], uses: [1] },
    {
      when: 'a network balancer needs public addresses',
      annotations: {},
      nodes: [onlyPrivate, v4, dual],
      uses: [2, 3],
    },
  ])('$when', ({ annotations, nodes, uses }) => expect(select(annotations, ...nodes).dropletIds).toEqual(uses));

  test('droplets come once, in order, and unknown ones are named', () => {
    const ids = new Map([
      ['a', 7],
      ['b', 3],
      ['c', 7],
    ]);
    const nodes = ['a', 'b', 'c', 'd'].map((name) => aNode(name));
    const reach = { type: 'REGIONAL', network: 'EXTERNAL' };
    const backends = selectBackends(nodes, reach, ({ metadata }) => {
      const id = ids.get(metadata?.name ?? '');
      return id === undefined ? undefined : parseDropletNumber(id);
    });
    expect(backends).toMatchObject({ dropletIds: [3, 7], unidentified: ['d'] });
  });

  test('an address may still come for a minute, for ten while the node is not initialized', () => {
    const createdAt = '2026-01-01T00:00:00Z';
    const at = (minutes: number): number => Date.parse(createdAt) + minutes * 60_000;
    const taints = ['node.cloudprovider.kubernetes.io/uninitialized'];
    expect(mayBecomeReachable([aNode('n', { createdAt })], at(0.5))).toBe(true);
    expect(mayBecomeReachable([aNode('n', { createdAt })], at(2))).toBe(false);
    expect(mayBecomeReachable([aNode('n', { createdAt, taints })], at(9))).toBe(true);
    expect(mayBecomeReachable([aNode('n', { createdAt, taints })], at(11))).toBe(false);
    expect(mayBecomeReachable([], at(0))).toBe(false);
  });
});

describe('networkStackOf', () => {
  const stack = (annotations: Annotated, ...nodes: readonly NodeWish[]): string => {
    const settings = settingsOf(annotations);
    return networkStackOf(settings, reachOf(settings, config), select(annotations, ...nodes));
  };
  test.each<{ when: string; annotations: Annotated; nodes: readonly NodeWish[]; is: string }>([
    { when: 'DO row 63 inside a VPC', annotations: { network: 'INTERNAL' }, nodes: [dual], is: 'IPV4' },
    { when: 'DO row 65 all nodes have both', annotations: {}, nodes: [dual, dual], is: 'DUALSTACK' },
    { when: 'DO row 66 one node has IPv4 only', annotations: {}, nodes: [dual, v4], is: 'IPV4' },
    { when: 'DO row 69 an HTTP balancer', annotations: { type: 'REGIONAL' }, nodes: [onlyPrivate], is: 'DUALSTACK' },
    { when: 'no node at all', annotations: {}, nodes: [], is: 'IPV4' },
    { when: 'asked for', annotations: { type: 'REGIONAL', networkStack: 'IPV4' }, nodes: [dual], is: 'IPV4' },
  ])('$when: $is', ({ annotations, nodes, is }) => expect(stack(annotations, ...nodes)).toBe(is));

  test.each([
    { has: 'DUALSTACK' as const, nodes: [v4] },
    { has: 'IPV4' as const, nodes: [dual] },
  ])('a balancer that has $has keeps it, whatever the nodes become', ({ has, nodes }) => {
    const settings = settingsOf();
    const found = aBalancer({ networkStack: has });
    expect(networkStackOf(settings, reachOf(settings, config, found), select({}, ...nodes), found)).toBe(has);
  });
});

describe('networkStackProblems', () => {
  const problems = (annotations: Annotated, ...nodes: readonly NodeWish[]): readonly string[] => {
    const settings = settingsOf(annotations);
    const backends = select(annotations, ...nodes);
    return networkStackProblems(settings, reachOf(settings, config), backends).map(({ message }) => message);
  };

  test('DO row 64 both versions inside a VPC', () =>
    expect(problems({ network: 'INTERNAL', networkStack: 'DUALSTACK' }, dual)).toEqual([
      expect.stringContaining(
        'network stack configuration error: dual stack networking is not supported for internal load balancer',
      ),
    ]));

  test('DO row 66 both versions with a node that has one: it is named', () =>
    expect(problems({ networkStack: 'DUALSTACK' }, dual, v4)).toEqual([expect.stringContaining('n2')]));

  test('DO row 67 many such nodes', () =>
    expect(problems({ networkStack: 'DUALSTACK' }, v4, v4, v4, v4)).toEqual([
      expect.stringContaining('4 nodes have no public IPv6 address: n1, n2, n3 [+1 more]'),
    ]));

  test('fine', () => {
    expect(problems({ networkStack: 'DUALSTACK' }, dual)).toEqual([]);
    expect(problems({ networkStack: 'DUALSTACK', type: 'REGIONAL' }, v4)).toEqual([]);
  });

  test('names are cut after three', () => expect(firstNames(['b', 'a'])).toBe('a, b'));
});

describe('immutableConflicts', () => {
  const found = aBalancer();
  test.each<{ annotations: Annotated; config?: Partial<BalancerConfig>; names: readonly string[] }>([
    {
      annotations: { type: 'REGIONAL' },
      names: ['do-loadbalancer-type', 'REGIONAL_NETWORK', 'spec.type to ClusterIP'],
    },
    { annotations: { network: 'INTERNAL' }, names: ['do-loadbalancer-network', 'EXTERNAL'] },
    { annotations: { networkStack: 'DUALSTACK' }, names: ['do-loadbalancer-network-stack', 'IPV4'] },
    { annotations: {}, config: { region: 'nyc3' }, names: ['region', 'fra1'] },
  ])('$annotations $config is told with the way out', ({ annotations, config: changed, names }) => {
    const conflicts = immutableConflicts(settingsOf(annotations), { ...config, ...changed }, found);
    expect(conflicts).toHaveLength(1);
    for (const name of names) expect(conflicts[0]).toContain(name);
  });

  test('what is not asked for is no conflict', () =>
    expect(immutableConflicts(settingsOf(), { ...config, defaultType: 'REGIONAL' }, found)).toEqual([]));
});
