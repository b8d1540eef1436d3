// Wanted and found balancer to steps; what is different is named field by field, what is not is not touched.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancer, LoadBalancerSpec } from '@longshore/digitalocean-api';
import { parseProjectId, parseVpcId } from '@longshore/digitalocean-api';
import { annotate, aBalancer, aNode, aService, settingsOf } from '../test-support/builders.ts';
import type { Annotated, ServiceWish } from '../test-support/builders.ts';
import { parseDropletNumber } from '../test-support/ids.ts';
import { desiredBalancer, problemsOfService } from './desired.ts';
import { differencesOf, updatedSpec } from './differences.ts';
import type { BalancerConfig } from './placement.ts';
import { reachOf } from './placement.ts';
import { describeStep, planBalancer, planRemoval } from './plan.ts';
import type { BalancerPlan, PlanFacts } from './plan.ts';
import { selectBackends } from './targets.ts';

const config: BalancerConfig = {
  region: 'fra1',
  vpcId: undefined,
  clusterTag: undefined,
  defaultType: 'REGIONAL_NETWORK',
};

interface Given {
  readonly annotations?: Annotated;
  readonly wish?: ServiceWish;
  readonly config?: Partial<BalancerConfig>;
  readonly found?: LoadBalancer;
  readonly droplets?: readonly number[];
}

function wantedOf({
  annotations = {},
  wish = {},
  found,
  droplets = [101],
  config: changed = {},
}: Given): LoadBalancerSpec {
  const settings = settingsOf(annotations);
  const full = { ...config, ...changed };
  const nodes = droplets.map((id) => aNode(`n${id}`));
  const idOf = ({ metadata }: { metadata?: { name?: string } }): ReturnType<typeof parseDropletNumber> =>
    parseDropletNumber(Number((metadata?.name ?? '').slice(1)));
  const backends = selectBackends(nodes, reachOf(settings, full, found), idOf);
  const input = {
    service: aService({ ...wish, annotations }),
    settings,
    config: full,
    backends,
    certificateId: undefined,
    found,
  };
  return desiredBalancer(input).value;
}

const noted = annotate({ loadBalancerId: 'lb-1', type: 'REGIONAL_NETWORK' });

function plan(given: Given, over: Partial<PlanFacts> = {}): BalancerPlan {
  const facts = {
    wanted: wantedOf(given),
    found: given.found,
    service: aService({ metadata: { annotations: noted } }),
    conflicts: [],
    unreachable: [],
    mayBecomeReachable: false,
  };
  return planBalancer({ ...facts, ...over });
}

describe('desiredBalancer', () => {
  test('DO row 75 the cluster’s tag', () => {
    expect(wantedOf({ config: { clusterTag: 'k8s:c1' } })).toMatchObject({ tags: ['k8s:c1'] });
    expect(wantedOf({})).not.toHaveProperty('tags');
  });

  test('DO row 76 the VPC', () => {
    expect(wantedOf({ config: { vpcId: parseVpcId('v1') } })).toMatchObject({ vpcId: 'v1' });
    expect(wantedOf({})).not.toHaveProperty('vpcId');
  });

  test('DO row 58 the idle timeout', () => {
    expect(wantedOf({ annotations: { httpIdleTimeout: '120' } })).toMatchObject({ httpIdleTimeoutSeconds: 120 });
    expect(wantedOf({})).toMatchObject({ httpIdleTimeoutSeconds: 60 });
  });

  test('what can be said of a Service without asking anybody', () => {
    const service = aService({ annotations: { type: 'REGIONAL', tlsPorts: '443', sizeUnit: 'x' }, ports: [443] });
    expect(problemsOfService(service, config).map(({ field }) => field)).toEqual([
      expect.stringContaining('size-unit'),
      expect.stringContaining('certificate-id'),
    ]);
  });

  test('a certificate by name is one, for what can be said without asking', () => {
    const annotations = { type: 'REGIONAL', certificateName: 'shop' };
    expect(problemsOfService(aService({ annotations, ports: [443] }), config)).toEqual([]);
  });

  test('a disowned Service has only problems of reading', () => {
    const annotations = { disown: 'true', type: 'REGIONAL', tlsPorts: '443' };
    expect(problemsOfService(aService({ annotations, ports: [443] }), config)).toEqual([]);
  });
});

describe('planBalancer', () => {
  test('nothing there: create, then note it', () => {
    const { steps } = plan({}, { service: aService() });
    expect(steps).toMatchObject([
      { kind: 'create', spec: { name: 'a1111111122224333844455555555555', dropletIds: [101] } },
      { kind: 'note-identity', id: 'created', type: 'REGIONAL_NETWORK' },
    ]);
  });

  test('a name that the user may change is noted before it is asked for, once', () => {
    const given = { annotations: { name: 'shop' } };
    const kinds = (service: KubeService): readonly string[] => plan(given, { service }).steps.map(({ kind }) => kind);
    expect(kinds(aService(given))).toEqual(['note-attempt', 'create', 'note-identity']);
    const claim = '11111111-2222-4333-8444-555555555555 name shop';
    expect(kinds(aService({ annotations: { ...given.annotations, claim } }))).toEqual(['create', 'note-identity']);
  });

  test('all as it should be: nothing', () => expect(plan({ found: aBalancer() })).toEqual({ steps: [] }));

  test('being created: nothing but a note, and patience', () => {
    const found = aBalancer({ status: 'new', dropletIds: [] });
    expect(plan({ found }, { service: aService() })).toEqual({
      steps: [{ kind: 'note-identity', id: 'lb-1', type: 'REGIONAL_NETWORK' }],
      waitingFor: 'DigitalOcean creates the load balancer',
    });
  });

  test('DO row 85 errored: an error that says so', () =>
    expect(plan({ found: aBalancer({ status: 'errored' }) })).toMatchObject({
      steps: [],
      refusal: {
        code: 'LOAD_BALANCER_ERRORED',
        message: expect.stringContaining('unexpected status "errored"') as unknown,
      },
    }));

  test('a type that the user has written is not overwritten', () => {
    const service = aService({ annotations: { loadBalancerId: 'lb-0', type: 'REGIONAL' } });
    expect(plan({ found: aBalancer() }, { service }).steps).toEqual([{ kind: 'note-identity', id: 'lb-1' }]);
  });

  test('what cannot be changed is told after the rest was done', () => {
    const result = plan({ found: aBalancer({ dropletIds: [] }) }, { conflicts: ['no', 'never'] });
    expect(result.steps).toMatchObject([{ kind: 'update' }]);
    expect(result.refusal).toMatchObject({
      code: 'LOAD_BALANCER_FIELD_IMMUTABLE',
      message: 'no; never',
      disposition: { retry: 'on-change' },
    });
  });

  test('DO row 68 no node can be reached: no POST, an error with the names', () => {
    const result = plan({ droplets: [] }, { unreachable: ['n1', 'n2'] });
    expect(result).toMatchObject({
      steps: [],
      refusal: { message: expect.stringMatching(/^no eligible load balancer backends: .*n1, n2/) as unknown },
    });
  });

  test('… unless an address may still come', () =>
    expect(plan({ droplets: [] }, { unreachable: ['n1'], mayBecomeReachable: true })).toEqual({
      steps: [],
      waitingFor: 'public addresses of nodes n1',
    }));

  test('DO row 72 (waits) without nodes nothing is created', () =>
    expect(plan({ droplets: [] })).toEqual({ steps: [], waitingFor: 'a node that can be a target' }));

  test('when the last node goes, the balancer loses its last droplet', () => {
    const { steps } = plan({ found: aBalancer(), droplets: [], wish: { ports: [81] } });
    expect(steps).toMatchObject([
      { kind: 'update', spec: { dropletIds: [101] }, changes: [{ field: 'forwarding rules' }] },
      { kind: 'remove-targets', dropletIds: [101] },
    ]);
    expect(plan({ found: aBalancer({ dropletIds: [] }), droplets: [] }).steps).toEqual([]);
  });

  test('nodes without public address do not empty a running balancer', () =>
    expect(plan({ found: aBalancer(), droplets: [] }, { unreachable: ['n1'] }).steps).toEqual([]));
});

describe('differencesOf', () => {
  test.each<{ when: string; given: Given; field: string }>([
    { when: 'a node more', given: { droplets: [101, 102] }, field: 'droplets' },
    { when: 'another port', given: { wish: { ports: [81] } }, field: 'forwarding rules' },
    { when: 'another name', given: { annotations: { name: 'x' } }, field: 'name' },
    { when: 'PROXY protocol', given: { annotations: { proxyProtocol: 'true' } }, field: 'PROXY protocol' },
    { when: 'another size', given: { annotations: { sizeSlug: 'lb-medium' } }, field: 'size' },
    { when: 'an idle timeout', given: { annotations: { httpIdleTimeout: '90' } }, field: 'HTTP idle timeout' },
    { when: 'a rule of the firewall', given: { annotations: { denyRules: 'ip:192.0.2.1' } }, field: 'firewall deny' },
    { when: 'another rhythm', given: { annotations: { healthCheckInterval: '9' } }, field: 'health check' },
    {
      when: 'cookies',
      given: { annotations: { stickyType: 'cookies', stickyCookieName: 'LB', stickyCookieTtl: '9' } },
      field: 'sticky sessions',
    },
  ])('$when is one difference, and the PUT ends it', ({ given, field }) => {
    const found = aBalancer();
    const wanted = wantedOf({ ...given, found });
    expect(differencesOf(wanted, found).map((each) => each.field)).toEqual([field]);
    const { size: _size, sizeUnit: _unit, ...kept } = found;
    expect(differencesOf(wanted, { ...kept, ...updatedSpec(wanted, found) })).toEqual([]);
  });

  test.each<{ when: string; found: Partial<LoadBalancer>; given?: Given }>([
    {
      when: 'the order of droplets',
      found: { dropletIds: [3, 1, 2].map(parseDropletNumber) },
      given: { droplets: [1, 2, 3] },
    },
    {
      when: 'a size in the other way to say it',
      found: { sizeUnit: 3, size: 'lb-medium' },
      given: { annotations: { sizeSlug: 'lb-medium' } },
    },
    { when: 'an algorithm, which the API ignores', found: { algorithm: 'least_connections' } },
    { when: 'an idle timeout that is not shown', found: { httpIdleTimeoutSeconds: 0 } },
  ])('$when is no difference', ({ found, given = {} }) => {
    const balancer = aBalancer(found);
    expect(differencesOf(wantedOf({ ...given, found: balancer }), balancer)).toEqual([]);
  });

  test('DO row 62 rules that nobody wants any more are taken out', () => {
    const found = aBalancer({ firewall: { allow: ['ip:192.0.2.1'], deny: [] } });
    const wanted = wantedOf({ found });
    expect(differencesOf(wanted, found).map(({ field }) => field)).toEqual(['firewall allow']);
    expect(updatedSpec(wanted, found).firewall).toEqual({ allow: [], deny: [] });
  });

  test('a balancer that goes by tag is given droplets instead', () => {
    const found = aBalancer({ tag: 'workers' });
    const wanted = wantedOf({ found });
    expect(differencesOf(wanted, found).map(({ field }) => field)).toEqual(['droplet tag']);
    expect(updatedSpec(wanted, found)).not.toHaveProperty('tag');
  });

  test('what others have set goes along as found', () => {
    const found = aBalancer({
      projectId: parseProjectId('p1'),
      tlsCipherPolicy: 'STRONG',
      subnetId: 's1',
      tags: ['team:a'],
    });
    expect(updatedSpec(wantedOf({ found, config: { clusterTag: 'k8s:c1' } }), found)).toMatchObject({
      projectId: 'p1',
      tlsCipherPolicy: 'STRONG',
      subnetId: 's1',
      tags: ['team:a', 'k8s:c1'],
      networkStack: 'IPV4',
      region: 'fra1',
    });
  });

  test('DO row 77 an address of one’s own is for the POST', () => {
    const found = aBalancer();
    const given = { annotations: { ip: '192.0.2.77' } };
    expect(wantedOf(given)).toMatchObject({ ip: '192.0.2.77' });
    expect(updatedSpec(wantedOf({ ...given, found }), found)).not.toHaveProperty('ip');
  });

  test('DO row 78 a subnet is for both', () => {
    const found = aBalancer();
    const given = { annotations: { subnetUuid: 's9' } };
    expect(updatedSpec(wantedOf({ ...given, found }), found)).toMatchObject({ subnetId: 's9' });
  });

  test('a balancer as wanted has no differences, whatever is wanted', () => {
    const annotations = fc.record<Annotated>(
      {
        name: fc.constantFrom('x', 'y'),
        type: fc.constantFrom('REGIONAL', 'REGIONAL_NETWORK'),
        sizeUnit: fc.constantFrom('0', '1', '5'),
        proxyProtocol: fc.constantFrom('true', 'false'),
        overrideHealthCheck: fc.constantFrom('true', 'false'),
        allowRules: fc.constantFrom('ip:192.0.2.1', 'cidr:10.0.0.0/8, ip:192.0.2.1'),
        httpIdleTimeout: fc.constantFrom('30', '600'),
      },
      { requiredKeys: [] },
    );
    const droplets = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(annotations, droplets, (given, ids) => {
        const wanted = wantedOf({ annotations: given, droplets: ids });
        const { dropletIds = [], ...rest } = wanted;
        const found = aBalancer({ sizeUnit: 1, ...rest, dropletIds: [...dropletIds].reverse() });
        expect(differencesOf(wantedOf({ annotations: given, droplets: ids, found }), found)).toEqual([]);
      }),
    );
  });
});

describe('describeStep', () => {
  test('says what changes from what to what', () => {
    const [step] = plan({ found: aBalancer(), droplets: [101, 102] }).steps;
    expect(step && describeStep(step).summary).toBe('update load balancer lb-1: droplets: [101] -> [101, 102]');
  });

  test('a removal names what goes', () =>
    expect(planRemoval([aBalancer()]).map(describeStep)).toEqual([
      { kind: 'delete', summary: 'delete load balancer a1111111122224333844455555555555 (lb-1)' },
    ]));
});
