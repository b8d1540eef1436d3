import { describe, expect, test } from '@jest/globals';
import { overlaps, parseCidr } from './cidr.ts';
import type { Cidr } from './cidr.ts';
import type { Cluster } from './objects.ts';
import { clusterProblems, clusterWarnings, MAX_CLUSTER_NAME_LENGTH } from './validate-cluster.ts';

interface Change {
  readonly name?: string;
  readonly pods?: readonly string[];
  readonly services?: readonly string[];
  readonly serviceDomain?: string;
  readonly value?: Record<string, unknown>;
}

function aCluster(change: Change = {}): Cluster {
  return {
    metadata: { name: change.name ?? 'web', namespace: 'shop' },
    spec: {
      clusterNetwork: {
        pods: { cidrBlocks: change.pods ?? ['172.26.0.0/16'] },
        services: { cidrBlocks: change.services ?? ['172.25.0.0/16'] },
        serviceDomain: change.serviceDomain ?? 'cluster.local',
      },
      providerSpec: { value: change.value ?? { projectID: 'p' } },
    },
  };
}

describe('clusterProblems', () => {
  test.each([
    { when: 'the generated one', change: {} },
    {
      when: 'both address families',
      change: { pods: ['172.26.0.0/16', 'fd00:1::/48'], services: ['172.25.0.0/16', 'fd00:2::/108'] },
    },
    { when: 'host bits', change: { pods: ['172.26.3.4/16'] } },
    { when: 'the networks of the oldest templates', change: { pods: ['192.168.0.0/16'], services: ['10.96.0.0/12'] } },
    { when: 'a name of the longest length', change: { name: 'n'.repeat(41) } },
  ])('$when is right', ({ change }) => {
    expect(clusterProblems(aCluster(change))).toEqual([]);
  });

  test('CA row C13 (validation): no service domain, pods, services: all three at once', () => {
    const cluster = aCluster({ pods: [], services: [], serviceDomain: '' });
    expect(clusterProblems(cluster)).toEqual([
      'Cluster shop/web: spec.clusterNetwork.serviceDomain is missing: give a DNS domain, such as cluster.local',
      'Cluster shop/web: spec.clusterNetwork.pods.cidrBlocks is missing: give at least one block, such as 172.26.0.0/16',
      'Cluster shop/web: spec.clusterNetwork.services.cidrBlocks is missing: give at least one block, such as 172.25.0.0/16',
    ]);
  });

  test('an empty object has every problem', () => {
    expect(clusterProblems({})).toHaveLength(5);
  });

  test('CA row C12 (validation): a name of 42 characters is refused with the limit', () => {
    expect(MAX_CLUSTER_NAME_LENGTH).toBe(41);
    expect(clusterProblems(aCluster({ name: 'n'.repeat(42) }))).toEqual([
      expect.stringContaining('metadata.name has 42 characters: at most 41'),
    ]);
  });

  test.each([
    { change: { pods: ['172.25.128.0/17'] }, says: 'pods 172.25.128.0/17 and services 172.25.0.0/16 overlap' },
    { change: { pods: ['172.26.0.0'] }, says: '"172.26.0.0" is no CIDR block' },
    { change: { pods: ['172.26.0.0/33'] }, says: '"172.26.0.0/33" is no CIDR block' },
    { change: { pods: ['172.026.0.0/16'] }, says: 'is no CIDR block' },
    { change: { pods: ['172.26.0.0/25'] }, says: '172.26.0.0/25 must have a prefix length from 1 to 24' },
    { change: { services: ['172.16.0.0/11'] }, says: '172.16.0.0/11 must have a prefix length from 12 to 28' },
    { change: { pods: ['172.26.0.0/16', '172.27.0.0/16'] }, says: 'several blocks of one address family' },
    { change: { serviceDomain: 'x; reboot' }, says: 'serviceDomain "x; reboot" is no DNS domain' },
    { change: { serviceDomain: "it's" }, says: 'is no DNS domain' },
    { change: { value: {} }, says: 'spec.providerSpec.value.projectID is missing' },
  ])('$change is refused', ({ change, says }) => {
    const problems = clusterProblems(aCluster(change));
    expect(problems.join('\n')).toContain(says);
    expect(problems.every((problem) => problem.startsWith('Cluster shop/web: '))).toBe(true);
  });
});

test('clusterWarnings name blocks in the private network of Packet', () => {
  expect(clusterWarnings(aCluster())).toEqual([]);
  expect(clusterWarnings(aCluster({ services: ['10.96.0.0/12'] }))).toEqual([
    expect.stringContaining('10.96.0.0/12 lies in'),
  ]);
});

describe('parseCidr', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.0/16', true],
    ['10.0.0.0/8', '11.0.0.0/8', false],
    ['10.0.0.0/8', '::/0', false],
    ['fd00::/8', 'fd12:3::/48', true],
    ['0.0.0.0/0', '255.255.255.255/32', true],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlaps(parseCidr(a) as Cidr, parseCidr(b) as Cidr)).toBe(expected);
  });

  test.each(['', '/', '1.2.3/8', '1.2.3.4/', '1.2.3.4/8/8', '1.2.3.4/-1', 'fe80::1%eth0/64', 'a/8'])(
    '%p is none',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});
