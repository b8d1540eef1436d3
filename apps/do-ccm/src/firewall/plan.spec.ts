import { describe, expect, test } from '@jest/globals';
import { parseFirewallId, parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { Firewall, FirewallRule } from '@longshore/digitalocean-api';
import { parseDropletNumber } from '../test-support/ids.ts';
import type { WantedFirewall } from './desired.ts';
import { describeDifference, describeFirewallStep, planFirewall } from './plan.ts';
import { ANYWHERE, describeRule } from './rules.ts';

const [lb1, lb2] = ['lb-1', 'lb-2'].map(parseLoadBalancerId);
const rule = (ports: string, peers: FirewallRule['peers'] = { addresses: ANYWHERE }): FirewallRule => ({
  protocol: 'tcp',
  ports,
  peers,
});
const outboundRules: readonly FirewallRule[] = [
  { protocol: 'icmp', peers: { addresses: ANYWHERE } },
  { protocol: 'tcp', ports: 'all', peers: { addresses: ANYWHERE } },
  { protocol: 'udp', ports: 'all', peers: { addresses: ANYWHERE } },
];

function aWanted(inboundRules: readonly FirewallRule[], more: Partial<WantedFirewall> = {}): WantedFirewall {
  return { name: 'public', tags: ['k8s', 'pool'], inboundRules, outboundRules, kept: [], ...more };
}

function aFound(inboundRules: readonly FirewallRule[], more: Partial<Firewall> = {}): Firewall {
  const id = parseFirewallId('fw-1');
  return {
    id,
    name: 'public',
    status: 'succeeded',
    tags: ['k8s', 'pool'],
    inboundRules,
    outboundRules,
    dropletIds: [],
    ...more,
  };
}

/** What a PUT would send as inbound rules, and what it would say. */
function planned(wanted: WantedFirewall, found: Firewall) {
  const step = planFirewall(wanted, found);
  if (step?.kind !== 'update-firewall') return undefined;
  const said = step.differences.map(describeDifference);
  return { said, inbound: step.spec.inboundRules.map(describeRule), spec: step.spec };
}

describe('planFirewall: what is equal', () => {
  test('DO row 97 there is none: it is created, with empty inbound rules', () => {
    const step = planFirewall(aWanted([]), undefined);
    expect(step).toEqual({
      kind: 'create-firewall',
      spec: { name: 'public', tags: ['k8s', 'pool'], inboundRules: [], outboundRules, dropletIds: [] },
    });
    expect(step && describeFirewallStep(step)).toEqual({
      summary: 'create the firewall public for droplets with the tag k8s or pool, that lets nobody in',
      why: 'there is none of this name',
    });
  });

  test.each(['', '0', 'all'])('DO row 104 ports %j for all ports are equal', (ports) => {
    const found = outboundRules.map((each) => (each.protocol === 'icmp' ? each : { ...each, ports }));
    const icmp = { protocol: 'icmp', ports, peers: { addresses: ANYWHERE } };
    const outbound = [icmp, ...found.slice(1)];
    expect(planFirewall(aWanted([]), aFound([], { outboundRules: outbound }))).toBeUndefined();
  });

  test('DO row 105 rules, sources and tags in another order are equal', () => {
    const wanted = aWanted([rule('10256', { loadBalancerIds: [lb1!, lb2!] }), rule('443'), rule('80')]);
    const found = aFound(
      [
        rule('80'),
        rule('443', { addresses: [...ANYWHERE].reverse() }),
        rule('10256', { loadBalancerIds: [lb2!, lb1!] }),
      ],
      { outboundRules: [...outboundRules].reverse(), tags: ['pool', 'k8s'] },
    );
    expect(planFirewall(wanted, found)).toBeUndefined();
  });

  test('two rules of one port are like one; /32 and /128 are like none', () => {
    const wanted = aWanted([rule('80', { addresses: ['1.2.3.4', '2001:db8::1', '10.0.0.0/8'] })]);
    const halves = [['1.2.3.4/32', '2001:0db8:0::1/128'], ['10.0.0.0/8']].map((addresses) => rule('80', { addresses }));
    expect(planFirewall(wanted, aFound(halves))).toBeUndefined();
  });
});

describe('planFirewall: what is put right', () => {
  test.each<{ what: string; found: Firewall; says: string }>([
    { what: 'another name', found: aFound([rule('80')], { name: 'old' }), says: 'name: - old, + public' },
    {
      what: 'a tag too few and one too many',
      found: aFound([rule('80')], { tags: ['k8s', 'x'] }),
      says: 'tags: - x, + pool',
    },
    { what: 'a missing rule', found: aFound([]), says: 'inbound rules: + tcp 80 (anywhere)' },
    {
      what: 'a rule too many',
      found: aFound([rule('80'), rule('22', { addresses: ['192.0.2.1'] })]),
      says: 'inbound rules: - tcp 22 (192.0.2.1)',
    },
    {
      what: 'other sources',
      found: aFound([rule('80', { addresses: ['0.0.0.0/0'] })]),
      says: 'inbound rules: - tcp 80 (0.0.0.0/0), + tcp 80 (anywhere)',
    },
    {
      what: 'outbound rules',
      found: aFound([rule('80')], { outboundRules: outboundRules.slice(1) }),
      says: 'outbound rules: + icmp (anywhere)',
    },
  ])('$what', ({ found, says }) => {
    expect(planned(aWanted([rule('80')]), found)).toMatchObject({ said: [says], inbound: ['tcp 80 (anywhere)'] });
  });

  test('many changes are shortened', () => {
    const many = Array.from({ length: 14 }, (_, at) => rule(String(30_000 + at)));
    expect(planned(aWanted(many), aFound([]))?.said[0]).toMatch(/and 4 more$/);
  });
});

describe('planFirewall: what others have put in', () => {
  const foreign = { dropletIds: [parseDropletNumber(7)], tags: ['bastion'], kubernetesIds: ['c-1'] };

  test('their sources make no difference, alone in a rule or beside ours', () => {
    const found = aFound([rule('22', foreign), rule('80', { addresses: ANYWHERE, tags: ['bastion'] })], {
      dropletIds: [parseDropletNumber(9)],
    });
    expect(planFirewall(aWanted([rule('80')]), found)).toBeUndefined();
  });

  test('a PUT for another reason carries them along: droplets, sources, destinations', () => {
    const found = aFound([rule('22', { ...foreign, addresses: ['192.0.2.1'] })], {
      dropletIds: [parseDropletNumber(9)],
      outboundRules: [...outboundRules, { protocol: 'tcp', ports: '53', peers: { tags: ['dns'] } }],
    });
    const plan = planned(aWanted([rule('80')]), found);
    expect(plan?.inbound).toEqual(['tcp 22 (droplet 7, cluster c-1, tag bastion)', 'tcp 80 (anywhere)']);
    expect(plan?.spec.dropletIds).toEqual([9]);
    expect(plan?.spec.outboundRules).toContainEqual({ protocol: 'tcp', ports: '53', peers: { tags: ['dns'] } });
  });
});

describe('planFirewall: Services that are wrong keep what they have (F7)', () => {
  const kept = [{ openings: [{ protocol: 'tcp', ports: '443' }], balancerId: lb1 }];

  test('F7 its open port and its balancer stay as they are; other things go', () => {
    const found = aFound([
      rule('10256', { loadBalancerIds: [lb1!, lb2!] }),
      rule('443', { addresses: ['10.0.0.0/8'] }),
      rule('8080'),
    ]);
    const plan = planned(aWanted([rule('80')], { kept }), found);
    expect(plan?.inbound).toEqual(['tcp 10256 (load balancer lb-1)', 'tcp 443 (10.0.0.0/8)', 'tcp 80 (anywhere)']);
  });

  test('F7 what is not open is not opened', () => {
    expect(planFirewall(aWanted([rule('80')], { kept }), aFound([rule('80')]))).toBeUndefined();
    expect(planFirewall(aWanted([], { kept }), undefined)).toMatchObject({ spec: { inboundRules: [] } });
  });
});
