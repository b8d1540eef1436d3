import { describe, expect, test } from '@jest/globals';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { LoadBalancer } from '@longshore/digitalocean-api';
import type { KubeService } from '@longshore/k8s-runtime';
import { ANNOTATIONS } from '../annotations.ts';
import { aBalancer, aService, annotate } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { desiredPublicFirewall } from './desired.ts';
import { describeRule } from './rules.ts';
import { relevantText } from './service-rules.ts';

const settings = { name: 'public', tags: ['k8s'] };
const nodePort = (annotations: Annotated = {}, ports: Parameters<typeof aService>[0] = {}): KubeService =>
  aService({
    ports: [{ port: 80, nodePort: 30_001 }],
    ...ports,
    annotations,
    spec: { type: 'NodePort', ...ports.spec },
  });
const withId = { loadBalancerId: 'lb-1' };

function wantedOf(services: readonly KubeService[], balancers?: readonly LoadBalancer[]) {
  const byId = (id: string): LoadBalancer | undefined => balancers?.find((balancer) => balancer.id === id);
  const { wanted, problems } = desiredPublicFirewall({
    settings,
    services,
    defaultType: 'REGIONAL_NETWORK',
    balancers: balancers && { byId },
  });
  return {
    ...wanted,
    inbound: wanted.inboundRules.map(describeRule),
    said: problems.map(({ severity, message }) => `${severity}: ${message}`),
  };
}

describe('desiredPublicFirewall: NodePort Services', () => {
  test('DO row 97 no Services: no inbound rules, everything may leave, the tags', () => {
    const wanted = wantedOf([]);
    expect(wanted).toMatchObject({ name: 'public', tags: ['k8s'], inbound: [], said: [], kept: [] });
    const anywhere = { addresses: ['0.0.0.0/0', '::/0'] };
    expect(wanted.outboundRules).toEqual([
      { protocol: 'icmp', peers: anywhere },
      { protocol: 'tcp', ports: 'all', peers: anywhere },
      { protocol: 'udp', ports: 'all', peers: anywhere },
    ]);
  });

  test('DO row 98 node ports of TCP and UDP from anywhere', () => {
    const ports = [
      { port: 80, nodePort: 30_001 },
      { port: 53, nodePort: 30_002, protocol: 'UDP' },
    ];
    expect(wantedOf([nodePort({}, { ports })]).inbound).toEqual(['tcp 30001 (anywhere)', 'udp 30002 (anywhere)']);
  });

  test('DO row 99 firewall-managed false leaves it out; a value that is none is told and changes nothing', () => {
    expect(wantedOf([nodePort({ firewallManaged: 'false' })])).toMatchObject({ inbound: [], said: [] });
    expect(wantedOf([nodePort({ firewallManaged: 'bogus' })])).toMatchObject({
      inbound: ['tcp 30001 (anywhere)'],
      said: [
        'warning: annotation kubernetes.digitalocean.com/firewall-managed: "bogus" is not allowed, use true or false',
      ],
    });
  });

  test('DO row 100 SCTP and ports without node port are skipped; SCTP is told', () => {
    const ports = [
      { port: 80, nodePort: 0 },
      { port: 81, nodePort: 30_003, protocol: 'SCTP' },
    ];
    expect(wantedOf([nodePort({}, { ports })])).toMatchObject({
      inbound: [],
      said: [expect.stringMatching(/^warning: spec\.ports: 81\/SCTP cannot be opened/)],
    });
  });

  test('one port of two Services is one rule', () => {
    const shared = [nodePort(), nodePort({}, { name: 'other', uid: 'u2' })];
    expect(wantedOf(shared).inbound).toEqual(['tcp 30001 (anywhere)']);
  });

  test('ClusterIP and ExternalName have no rules', () => {
    const types = ['ClusterIP', 'ExternalName'].map((type) => aService({ spec: { type } }));
    expect(wantedOf(types).inbound).toEqual([]);
  });
});

describe('desiredPublicFirewall: network balancers', () => {
  test('DO row 101 the health check from the balancer, the ports from anywhere, sorted by port as text', () => {
    const service = aService({ ports: [80, 443], annotations: withId });
    expect(wantedOf([service]).inbound).toEqual([
      'tcp 10256 (load balancer lb-1)',
      'tcp 443 (anywhere)',
      'tcp 80 (anywhere)',
    ]);
  });

  test('DO row 101 (ours: one rule for the health checks of all balancers)', () => {
    const second = aService({ name: 'b', uid: 'u2', ports: [81], annotations: { loadBalancerId: 'lb-2' } });
    expect(wantedOf([aService({ annotations: withId }), second]).inboundRules[0]).toEqual({
      protocol: 'tcp',
      ports: '10256',
      peers: { loadBalancerIds: ['lb-1', 'lb-2'] },
    });
  });

  test('DO row 102 policy Local and no ID yet: its health check port from anywhere', () => {
    const service = aService({ spec: { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_100 } });
    expect(wantedOf([service]).inbound).toEqual(['tcp 32100 (anywhere)', 'tcp 80 (anywhere)']);
  });

  test.each<Annotated>([{ type: 'REGIONAL' }, { network: 'INTERNAL' }])('DO row 103 %j has no rules', (annotations) => {
    expect(wantedOf([aService({ annotations: { ...withId, ...annotations } })])).toMatchObject({
      inbound: [],
      said: [],
    });
  });

  test('UDP ports, and a health check of its own', () => {
    const ports = [
      { port: 53, protocol: 'UDP', nodePort: 30_053 },
      { port: 80, nodePort: 30_080 },
    ];
    const service = aService({ ports, annotations: { ...withId, overrideHealthCheck: 'true' } });
    expect(wantedOf([service]).inbound).toEqual([
      'tcp 30080 (load balancer lb-1)',
      'tcp 80 (anywhere)',
      'udp 53 (anywhere)',
    ]);
  });

  test.each<{ what: string; annotations?: Annotated; spec?: KubeService['spec']; sources: string }>([
    { what: 'allow rules', annotations: { allowRules: 'ip:1.2.3.4, cidr:10.0.0.0/8' }, sources: '1.2.3.4, 10.0.0.0/8' },
    { what: 'source ranges', spec: { loadBalancerSourceRanges: ['10.1.2.3/8'] }, sources: '10.0.0.0/8' },
    {
      what: 'source ranges before allow rules',
      annotations: { allowRules: 'ip:1.2.3.4' },
      spec: { loadBalancerSourceRanges: ['192.0.2.0/24', '2001:db8::/32'] },
      sources: '192.0.2.0/24, 2001:db8::/32',
    },
    {
      what: 'everybody beside others',
      spec: { loadBalancerSourceRanges: ['0.0.0.0/0', '10.0.0.0/8'] },
      sources: '0.0.0.0/0',
    },
  ])('(#911) sources: $what', ({ annotations = {}, spec = {}, sources }) => {
    const service = aService({ annotations: { ...withId, ...annotations }, spec: spec });
    expect(wantedOf([service]).inbound).toEqual(['tcp 10256 (load balancer lb-1)', `tcp 80 (${sources})`]);
  });

  test('(#911) firewall-managed false holds for balancers, too', () => {
    expect(wantedOf([aService({ annotations: { ...withId, firewallManaged: 'false' } })]).inbound).toEqual([]);
  });

  test('left out: disowned ones, and those of another class', () => {
    const disowned = aService({ annotations: { ...withId, disown: 'true' } });
    const classed = aService({ annotations: withId, spec: { loadBalancerClass: 'acme' } });
    expect(wantedOf([disowned, classed])).toMatchObject({ inbound: [], said: [], kept: [] });
  });

  test('F2 an annotation cannot change the type of a balancer, so it does not close its ports', () => {
    const service = aService({ annotations: { ...withId, type: 'REGIONAL' } });
    expect(wantedOf([service], [aBalancer()]).inbound).toEqual(['tcp 10256 (load balancer lb-1)', 'tcp 80 (anywhere)']);
    const network = aService({ annotations: { ...withId, type: 'REGIONAL_NETWORK' } });
    expect(wantedOf([network], [aBalancer({ type: 'REGIONAL' })]).inbound).toEqual([]);
  });

  test('an ID that no balancer has is not named: the API might refuse the whole firewall', () => {
    const service = aService({ annotations: { loadBalancerId: 'gone' } });
    expect(wantedOf([service], [aBalancer()]).inbound).toEqual(['tcp 10256 (anywhere)', 'tcp 80 (anywhere)']);
  });
});

describe('desiredPublicFirewall: Services that are wrong (F7)', () => {
  const good = aService({ name: 'good', uid: 'u-good', ports: [8080], annotations: { loadBalancerId: 'lb-2' } });

  test.each<{ what: string; annotations?: Annotated; spec?: KubeService['spec']; field: string; value: string }>([
    { what: 'type', annotations: { type: 'BIG' }, field: ANNOTATIONS.type.key, value: 'BIG' },
    { what: 'network', annotations: { network: 'x' }, field: ANNOTATIONS.network.key, value: 'x' },
    { what: 'disown', annotations: { disown: 'maybe' }, field: ANNOTATIONS.disown.key, value: 'maybe' },
    {
      what: 'allow rules',
      annotations: { allowRules: '1.2.3.4' },
      field: ANNOTATIONS.allowRules.key,
      value: '1.2.3.4',
    },
    {
      what: 'source ranges',
      spec: { loadBalancerSourceRanges: ['10.0.0.1'] },
      field: 'spec.loadBalancerSourceRanges',
      value: '10.0.0.1',
    },
    {
      what: 'health check port',
      annotations: { overrideHealthCheck: 'true', healthCheckPort: '99' },
      field: ANNOTATIONS.healthCheckPort.key,
      value: '99',
    },
  ])('F7 $what: told with key and value, the others get their rules, its own stay', (row) => {
    const bad = aService({ annotations: { ...withId, ...row.annotations }, spec: row.spec ?? {} });
    const wanted = wantedOf([bad, good]);
    expect(wanted.inbound).toEqual(['tcp 10256 (load balancer lb-2)', 'tcp 8080 (anywhere)']);
    expect(wanted.said).toHaveLength(1);
    expect(wanted.said[0]).toMatch(/^error: /);
    expect(wanted.said[0]).toContain(row.field);
    expect(wanted.said[0]).toContain(row.value);
    expect(wanted.kept).toEqual([
      { openings: [{ protocol: 'tcp', ports: '80' }], balancerId: parseLoadBalancerId('lb-1') },
    ]);
  });

  test('F7 its balancer is not kept when it is gone: the API might refuse the whole firewall', () => {
    const bad = aService({ annotations: { loadBalancerId: 'gone', type: 'BIG' } });
    expect(wantedOf([bad], [aBalancer()]).kept).toEqual([
      { openings: [{ protocol: 'tcp', ports: '80' }], balancerId: undefined },
    ]);
  });

  test('annotations that the firewall does not look at stop nothing', () => {
    const service = aService({ annotations: { ...withId, sizeUnit: 'many' } });
    expect(wantedOf([service])).toMatchObject({
      said: [],
      kept: [],
      inbound: expect.arrayContaining(['tcp 80 (anywhere)']),
    });
  });
});

describe('relevantText', () => {
  const before = aService();
  test.each([
    ['a port', aService({ ports: [81] })],
    ['a node port', aService({ ports: [{ port: 80, nodePort: 30_007 }] })],
    ['the type', aService({ spec: { type: 'NodePort' } })],
    ['the class', aService({ spec: { loadBalancerClass: 'x' } })],
    ['the ID of the balancer', aService({ annotations: withId })],
    ['source ranges', aService({ spec: { loadBalancerSourceRanges: ['10.0.0.0/8'] } })],
    ['the traffic policy', aService({ spec: { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 } })],
    ['firewall-managed', aService({ annotations: { firewallManaged: 'false' } })],
  ])('%s matters', (_what, after) => {
    expect(relevantText(after)).not.toBe(relevantText(before));
  });

  test('labels, status and other annotations do not; nor does anything about a ClusterIP', () => {
    const metadata = { annotations: { ...annotate(), other: 'x' }, labels: { a: 'b' } };
    expect(relevantText(aService({ metadata, ingress: [{ ip: '192.0.2.1' }] }))).toBe(relevantText(before));
    expect(relevantText(aService({ ports: [1], spec: { type: 'ClusterIP' } }))).toBe('');
  });
});
