// The table of differences between the wanted balancer and what is there.
import { describe, expect, test } from '@jest/globals';
import type {
  EmlbBalancer,
  EmlbBalancerId,
  EmlbBalancerPort,
  EmlbOrigin,
  EmlbOriginId,
  EmlbPoolId,
  EmlbPortId,
} from '@longshore/packet-api';
import { balancerOfPool, isAutomaticName, isOfThisCluster } from './balancer-name.ts';
import { desiredBalancer, problemsOf } from './desired.ts';
import { orphansAmong, ownByNote } from './identity.ts';
import { planBalancer, planRemoval } from './plan.ts';
import type { FoundBalancer, FoundPool, Step } from './plan.ts';
import { describeStep } from './describe-step.ts';
import { aBalancedService, someNodes } from '../../test-support/emlb-world.ts';

const NAME = 'usage=cloud-provider-equinix-metal-auto:service=abc=:cluster=c1';
const poolId = (id: string): EmlbPoolId => `loadpol-${id}` as EmlbPoolId;

function anOrigin(target: string, wish: Partial<EmlbOrigin> = {}): EmlbOrigin {
  return { id: `o-${target}` as EmlbOriginId, name: target, target, portNumber: 30_080, isActive: true, ...wish };
}

function aPool(number: number, origins: readonly EmlbOrigin[], wish: Partial<FoundPool> = {}): FoundPool {
  return { id: poolId(String(number)), name: `${NAME}-pool-${number}`, protocol: 'tcp', origins, ...wish };
}

function aPort(number: number, poolIds: readonly EmlbPoolId[], name = `${NAME}-port-${number}`): EmlbBalancerPort {
  return { id: `loadprt-${number}` as EmlbPortId, name, number, poolIds, pools: [] };
}

function found(
  ports: readonly EmlbBalancerPort[],
  pools: readonly FoundPool[],
  { isOurs = true, name = NAME }: { readonly isOurs?: boolean; readonly name?: string } = {},
): FoundBalancer {
  const balancer: EmlbBalancer = {
    id: 'loadbal-1' as EmlbBalancerId,
    name,
    createdAt: undefined,
    locationId: undefined,
    metro: 'da',
    ports,
    ips: [],
  };
  return { balancer, isOurs, pools };
}

const wanted = desiredBalancer({ service: aBalancedService(), nodes: someNodes(2), name: NAME, metro: 'da' });
const both = [anOrigin('198.51.100.1'), anOrigin('198.51.100.2')];
const right = (): FoundBalancer => found([aPort(80, [poolId('80')])], [aPool(80, both)]);

function kinds(steps: readonly Step[]): readonly string[] {
  return steps.map((step) => describeStep(step).summary.replaceAll(NAME, 'N'));
}

describe('planBalancer', () => {
  test.each([
    {
      when: 'nothing is there but the balancer',
      world: found([], []),
      steps: [
        'create pool N-pool-80',
        'add origin 198.51.100.1:30080',
        'add origin 198.51.100.2:30080',
        'create port 80',
      ],
    },
    { when: 'all is right', world: right(), steps: [] },
    {
      when: 'a pool is left over from a lost answer, half filled',
      world: found([], [aPool(80, both.slice(0, 1))]),
      steps: ['add origin 198.51.100.2:30080', 'create port 80'],
    },
    {
      when: 'two pools of one name are there',
      world: found([aPort(80, [poolId('80')])], [aPool(80, [], { id: poolId('other') }), aPool(80, both)]),
      steps: ['delete pool N-pool-80 (loadpol-other)'],
    },
    {
      when: 'a node went and another came',
      world: found([aPort(80, [poolId('80')])], [aPool(80, [anOrigin('198.51.100.9'), anOrigin('198.51.100.2')])]),
      steps: ['add origin 198.51.100.1:30080', 'delete origin 198.51.100.9:30080'],
    },
    {
      when: 'the node port changed: the new ones come first',
      world: found(
        [aPort(80, [poolId('80')])],
        [
          aPool(
            80,
            both.map((one) => ({ ...one, portNumber: 31_000 })),
          ),
        ],
      ),
      steps: [
        'add origin 198.51.100.1:30080',
        'add origin 198.51.100.2:30080',
        'delete origin 198.51.100.1:31000',
        'delete origin 198.51.100.2:31000',
      ],
    },
    {
      when: 'an origin is there twice',
      world: found(
        [aPort(80, [poolId('80')])],
        [aPool(80, [...both, anOrigin('198.51.100.1', { id: 'twin' as EmlbOriginId, isActive: false })])],
      ),
      steps: ['delete origin 198.51.100.1:30080'],
    },
    {
      when: 'an origin is switched off',
      world: found(
        [aPort(80, [poolId('80')])],
        [aPool(80, [anOrigin('198.51.100.1', { isActive: false }), anOrigin('198.51.100.2')])],
      ),
      steps: ['activate origin 198.51.100.1'],
    },
    {
      when: 'a pool has another protocol',
      world: found([aPort(80, [poolId('80')])], [aPool(80, both, { protocol: 'udp' })]),
      steps: ['set pool N-pool-80 to tcp'],
    },
    {
      when: 'the port lost its pool',
      world: found([aPort(80, [])], [aPool(80, both)]),
      steps: ['change the pools of port 80'],
    },
    {
      when: 'the port has a pool of somebody else',
      world: found(
        [aPort(80, [poolId('80'), poolId('x')])],
        [aPool(80, both), aPool(80, [], { id: poolId('x'), name: 'x' })],
      ),
      steps: ['change the pools of port 80'],
    },
    {
      when: 'a port is no longer wanted',
      world: found([aPort(80, [poolId('80')]), aPort(81, [poolId('81')])], [aPool(80, both), aPool(81, both)]),
      steps: ['delete port 81', 'delete pool N-pool-81 (loadpol-81)'],
    },
    {
      when: 'it has no name, as the Go program leaves it',
      world: found([aPort(80, [poolId('80')])], [aPool(80, both)], { name: '' }),
      steps: [`name load balancer loadbal-1 N`],
    },
    {
      when: 'it is lent: other ports and the name stay',
      world: found([aPort(443, [poolId('x')], 'theirs'), aPort(81, [poolId('81')])], [aPool(81, both)], {
        isOurs: false,
        name: 'theirs',
      }),
      steps: [
        'create pool N-pool-80',
        'add origin 198.51.100.1:30080',
        'add origin 198.51.100.2:30080',
        'create port 80',
        'delete port 81',
        'delete pool N-pool-81 (loadpol-81)',
      ],
    },
    {
      when: 'it is lent and the port is somebody else’s',
      world: found([aPort(80, [poolId('x')], 'theirs')], [], { isOurs: false, name: 'x' }),
      steps: [],
    },
  ])('when $when', ({ world, steps }) => {
    expect(kinds(planBalancer(wanted, world))).toEqual(steps);
  });

  test('without any node the pool is emptied: its addresses may belong to others by now', () => {
    const nobody = desiredBalancer({ service: aBalancedService(), nodes: [], name: NAME, metro: 'da' });
    expect(kinds(planBalancer(nobody, right()))).toHaveLength(2);
  });
});

describe('planRemoval', () => {
  test('ours: traffic ends first; lent: our ports and pools only', () => {
    const world = right();
    expect(kinds(planRemoval(NAME, world))).toEqual([
      'delete load balancer N (loadbal-1)',
      'delete pool N-pool-80 (loadpol-80)',
    ]);
    const lent = found([aPort(80, [poolId('80')]), aPort(443, [], 'theirs')], world.pools, {
      isOurs: false,
      name: 'x',
    });
    expect(kinds(planRemoval(NAME, lent))).toEqual(['delete port 80', 'delete pool N-pool-80 (loadpol-80)']);
  });
});

describe('names', () => {
  test('tell whose a pool and a balancer are', () => {
    expect(balancerOfPool(`${NAME}-pool-80`)).toBe(NAME);
    expect(balancerOfPool('mine-pool-80')).toBeUndefined();
    expect([
      isAutomaticName(NAME),
      isAutomaticName('web'),
      isOfThisCluster(NAME, 'c1'),
      isOfThisCluster(NAME, '1'),
    ]).toEqual([true, false, true, false]);
  });

  test('a copied note of another Service’s balancer counts for nothing; a balancer of the user’s is lent', () => {
    const { balancer } = right();
    expect(ownByNote(balancer, NAME)).toMatchObject({ isOurs: true });
    expect(ownByNote({ ...balancer, name: '' }, NAME)).toMatchObject({ isOurs: true });
    expect(ownByNote({ ...balancer, name: 'theirs' }, NAME)).toMatchObject({ isOurs: false });
    expect(ownByNote({ ...balancer, name: NAME.replace('abc', 'xyz') }, NAME)).toBeUndefined();
  });

  test('PK row 48 only what was made in this cluster can be an orphan, and no pool that a balancer has', () => {
    const { balancer } = right();
    const of = (name: string, id: string): EmlbBalancer => ({ ...balancer, name, id: id as EmlbBalancerId });
    const other = NAME.replace('cluster=c1', 'cluster=c2');
    const gone = NAME.replace('abc', 'gone');
    const world = {
      balancers: [of(NAME, 'own'), of(other, 'foreign'), of('theirs', 'users'), of(gone, 'lost')],
      pools: [
        aPool(80, []),
        aPool(81, [], { name: `${gone}-pool-1` }),
        aPool(82, [], { name: `${gone.replace('gone', 'g2')}-pool-1` }),
      ],
    };
    const owned = { owned: new Set([NAME]), noted: new Set<string>(), clusterId: 'c1' };
    expect(orphansAmong(world, owned).map(({ id }) => id)).toEqual(['lost', 'loadpol-82']);
  });
});

describe('problemsOf', () => {
  const problems = (wish: Parameters<typeof aBalancedService>[0]): readonly string[] =>
    problemsOf(aBalancedService(wish)).map(({ severity, field }) => `${severity} ${field}`);

  test.each([
    { when: 'UDP', wish: { ports: [{ port: 53, nodePort: 30_053, protocol: 'UDP' }] }, expected: ['error spec.ports'] },
    { when: 'no node port', wish: { ports: [{ port: 80 }] }, expected: ['error spec.ports'] },
    {
      when: 'an ID that is none',
      wish: { annotations: { 'equinix.com/loadbalancerID': '../x' } },
      expected: ['error equinix.com/loadbalancerID'],
    },
    {
      when: 'a metro without balancers',
      wish: { annotations: { 'equinix.com/loadbalancerMetro': 'fr' } },
      expected: ['warning equinix.com/loadbalancerMetro'],
    },
    {
      when: 'what has no effect',
      wish: {
        spec: { loadBalancerSourceRanges: ['10.0.0.0/8'], externalTrafficPolicy: 'Local', loadBalancerIP: '1.2.3.4' },
      },
      expected: [
        'warning spec.loadBalancerSourceRanges',
        'warning spec.externalTrafficPolicy',
        'warning spec.loadBalancerIP',
      ],
    },
    { when: 'all is right', wish: { annotations: { 'equinix.com/loadbalancerMetro': 'NY' } }, expected: [] },
  ])('$when', ({ wish, expected }) => {
    expect(problems(wish)).toEqual(expected);
  });

  test('UDP is told with what to do', () => {
    const [problem] = problemsOf(aBalancedService({ ports: [{ port: 53, nodePort: 30_053, protocol: 'UDP' }] }));
    expect(problem?.message).toBe('spec.ports: port 53: the Equinix Metal Load Balancer has no UDP, use TCP');
  });
});
