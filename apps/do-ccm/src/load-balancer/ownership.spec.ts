// Whose balancer is it? Every way in which an annotation, a copy or a name can point at somebody else's.
import { describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { LoadBalancer } from '@longshore/digitalocean-api';
import { readSettings } from '../annotations.ts';
import { aBalancer, aService } from '../test-support/builders.ts';
import { defaultName, identify, orphansAmong, ownedBy } from './ownership.ts';
import type { Identity, IdentityFacts } from './ownership.ts';

const lb = (id: string, wish: Partial<LoadBalancer> = {}): LoadBalancer =>
  aBalancer({ id: parseLoadBalancerId(id), ...wish });

interface Given {
  readonly service?: KubeService;
  readonly balancers: readonly LoadBalancer[];
  readonly others?: readonly KubeService[];
  readonly clusterTag?: string;
  readonly isIdGone?: boolean;
}

function factsOf({ service = aService(), balancers, others = [], clusterTag, isIdGone = false }: Given): IdentityFacts {
  return {
    service,
    settings: readSettings(service.metadata?.annotations).settings,
    view: {
      byId: (id) => balancers.find((balancer) => balancer.id === id),
      byName: (name) => balancers.filter((balancer) => balancer.name === name),
    },
    services: [service, ...others],
    clusterTag,
    isIdGone,
  };
}
const find = (given: Given): Identity => identify(factsOf(given));

const other = aService({ name: 'other', uid: '99999999-2222-4333-8444-555555555555' });
const named = { annotations: { name: 'shop' } };
const withId = (id: string, wish: object = {}): KubeService =>
  aService({ annotations: { loadBalancerId: id, ...wish } });

test('DO row 23 the default name has 32 characters at most', () => {
  expect(defaultName(aService())).toBe('a1111111122224333844455555555555');
  expect(defaultName(aService())).toHaveLength(32);
});

describe('identify', () => {
  const own = lb('lb-1', { name: defaultName(aService()) });

  test.each<{ when: string; given: Given; id: string }>([
    { when: 'by its default name', given: { balancers: [own] }, id: 'lb-1' },
    {
      when: 'by its ID, whatever else has the name',
      given: { service: withId('lb-1'), balancers: [own, { ...own, id: parseLoadBalancerId('lb-2') }] },
      id: 'lb-1',
    },
    {
      when: 'DO row 79 by a name of the user’s choice',
      given: { service: aService(named), balancers: [lb('lb-1', { name: 'shop' })] },
      id: 'lb-1',
    },
    {
      when: 'DO row 80 by its default name although another is wanted',
      given: { service: aService(named), balancers: [own] },
      id: 'lb-1',
    },
    {
      when: 'by ID and chosen name: a takeover',
      given: {
        service: withId('lb-1', { name: 'old' }),
        balancers: [lb('lb-1', { name: 'old', tags: ['k8s:c2'] })],
        clusterTag: 'k8s:c1',
      },
      id: 'lb-1',
    },
    {
      when: 'by ID and the cluster’s tag: renamed by hand',
      given: {
        service: withId('lb-1'),
        balancers: [lb('lb-1', { name: 'x', tags: ['k8s:c1'] })],
        clusterTag: 'k8s:c1',
      },
      id: 'lb-1',
    },
    {
      when: 'by ID and the address that the Service shows: renamed by its annotation',
      given: {
        service: aService({ annotations: { loadBalancerId: 'lb-1', name: 'new' }, ingress: [{ ip: '203.0.113.9' }] }),
        balancers: [lb('lb-1', { name: 'old' })],
      },
      id: 'lb-1',
    },
    {
      when: 'by what the controller has noted: renamed before it had an address',
      given: {
        service: withId('lb-1', { name: 'new', claim: '11111111-2222-4333-8444-555555555555 lb-1' }),
        balancers: [lb('lb-1', { name: 'old' })],
      },
      id: 'lb-1',
    },
    {
      when: 'of two with its name the older: a lost answer left a duplicate',
      given: { balancers: [{ ...own, id: parseLoadBalancerId('lb-2'), createdAt: '2026-02-01T00:00:00Z' }, own] },
      id: 'lb-1',
    },
    {
      when: 'by name when the API has said that the ID is gone',
      given: { service: withId('lb-0'), balancers: [own], isIdGone: true },
      id: 'lb-1',
    },
  ])('own $when', ({ given, id }) => expect(find(given)).toMatchObject({ kind: 'own', balancer: { id } }));

  test.each<{ when: string; given: Given; names: string }>([
    {
      when: 'an ID that was edited',
      given: { service: withId('lb-9'), balancers: [lb('lb-9', { name: 'prod' })] },
      names: 'nothing shows',
    },
    {
      when: 'the ID of another Service’s balancer',
      given: {
        service: withId('lb-9'),
        balancers: [lb('lb-9', { name: defaultName(other), tags: ['k8s:c1'] })],
        others: [other],
        clusterTag: 'k8s:c1',
      },
      names: 'belongs to Service shop/other',
    },
    {
      when: 'a copy of another Service with its name and ID',
      given: {
        service: withId('lb-9', { name: 'prod' }),
        balancers: [lb('lb-9', { name: 'prod' })],
        others: [
          aService({
            name: 'other',
            uid: 'z',
            annotations: { loadBalancerId: 'lb-9', name: 'prod' },
            ingress: [{ ip: '203.0.113.9' }],
          }),
        ],
      },
      names: 'belongs to Service shop/other',
    },
    {
      when: 'the same name chosen by an older Service that has it',
      given: {
        service: aService(named),
        balancers: [lb('lb-9', { name: 'shop' })],
        others: [
          aService({
            name: 'other',
            uid: 'z',
            annotations: { name: 'shop', loadBalancerId: 'lb-9' },
            metadata: { creationTimestamp: new Date('2025-01-01').toISOString() },
          }),
        ],
      },
      names: 'belongs to Service shop/other',
    },
    {
      when: 'the same name chosen in another cluster',
      given: {
        service: aService(named),
        balancers: [lb('lb-9', { name: 'shop', tags: ['k8s:c2'] })],
        clusterTag: 'k8s:c1',
      },
      names: 'another cluster',
    },
    {
      when: 'a copied claim is another Service’s',
      given: {
        service: withId('lb-9', { claim: '99999999-2222-4333-8444-555555555555 lb-9' }),
        balancers: [lb('lb-9', { name: 'prod' })],
      },
      names: 'nothing shows',
    },
    {
      when: 'a claim to another balancer than the edited ID',
      given: {
        service: withId('lb-9', { claim: '11111111-2222-4333-8444-555555555555 lb-1' }),
        balancers: [lb('lb-9', { name: 'prod' })],
      },
      names: 'nothing shows',
    },
  ])('foreign: $when', ({ given, names }) =>
    expect(find(given)).toMatchObject({ kind: 'foreign', reason: expect.stringContaining(names) as unknown }),
  );

  test('a disowned Service has no claim', () => {
    const disowned = aService({
      name: 'other',
      uid: other.metadata?.uid ?? '',
      annotations: { loadBalancerId: 'lb-9', disown: 'true' },
    });
    const balancer = lb('lb-9', { name: defaultName(disowned) });
    const service = withId('lb-9', { name: balancer.name });
    expect(find({ service, balancers: [balancer], others: [disowned] })).toMatchObject({ kind: 'own' });
  });

  test('an ID that the list does not have is asked for, not given up', () =>
    expect(find({ service: withId('lb-9'), balancers: [own] })).toEqual({ kind: 'ask', id: 'lb-9' }));

  test('nothing', () => expect(find({ balancers: [lb('lb-9', { name: 'x' })] })).toEqual({ kind: 'absent' }));
});

describe('ownedBy', () => {
  const own = lb('lb-1', { name: defaultName(aService()) });

  test('a foreign balancer is not among them, the own one is', () => {
    const balancers = [lb('lb-9', { name: 'prod' }), own];
    expect(ownedBy(factsOf({ service: withId('lb-9'), balancers })).map(({ id }) => id)).toEqual(['lb-1']);
  });

  test('duplicates of the default name are', () => {
    const twin = { ...own, id: parseLoadBalancerId('lb-2') };
    expect(ownedBy(factsOf({ service: withId('lb-1'), balancers: [own, twin] })).map(({ id }) => id)).toEqual([
      'lb-1',
      'lb-2',
    ]);
  });
});

test('orphans are what has the tag and neither name nor ID of a Service', () => {
  const tags = ['k8s:c1'];
  const balancers = [
    lb('a', { name: defaultName(other), tags }),
    lb('b', { name: 'shop', tags }),
    lb('c', { name: 'x', tags }),
    lb('d', { name: 'lost', tags }),
    lb('e', { name: 'foreign' }),
  ];
  const orphans = orphansAmong(balancers, [other, aService(named), withId('c')], 'k8s:c1');
  expect(orphans).toMatchObject([{ id: 'd', name: 'lost', reason: expect.stringContaining('k8s:c1') as unknown }]);
});
