import { describe, expect, test } from '@jest/globals';
import { addressesOf, cniConfig, containerdConfig, kubeletArgs, kubeletConfig, pathsIn } from './node-files.ts';
import type { NodeFacts } from './node-files.ts';

const facts = (change: Partial<NodeFacts> = {}): NodeFacts => ({
  ...{ folder: '/t', name: 'n', cgroup: 'g', addresses: addressesOf(7), cniFolder: '/cni', cloudProvider: 'none' },
  ...change,
});

test('clusters have addresses and links of their own', () => {
  expect(addressesOf(7)).toEqual({ host: '198.19.7.1', node: '198.19.7.2', pods: '198.19.7.128/25', link: 'lsc7' });
  const all = Array.from({ length: 256 }, (_, number) => addressesOf(number));
  expect(new Set(all.flatMap(({ host, node, pods, link }) => [host, node, pods, link])).size).toBe(4 * 256);
  // The kernel takes 15 characters.
  expect(Math.max(...all.map(({ link }) => link.length))).toBeLessThanOrEqual(15);
});

describe('kubelet', () => {
  test('names its address where no cloud does, and leaves it to the cloud where one does', () => {
    expect(kubeletArgs(facts())).toContain('--node-ip=198.19.7.2');
    expect(kubeletArgs(facts({ cloudProvider: 'external' }))).toContain('--cloud-provider=external');
    expect(kubeletArgs(facts({ cloudProvider: 'external' })).join(' ')).not.toContain('--node-ip');
  });

  test('lets nobody in without a certificate or a token, and runs on old control groups', () => {
    expect(JSON.parse(kubeletConfig(facts()))).toMatchObject({
      authentication: { anonymous: { enabled: false }, x509: { clientCAFile: '/t/ca.crt' } },
      authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: 'unix:///t/containerd.sock',
      cgroupRoot: '/g',
      failCgroupV1: false,
    });
  });
});

test('containerd writes below the temp folder only', () => {
  const config = containerdConfig(facts());
  const places = [...config.matchAll(/^\s*(?:root|state|address|conf_dir) = "(.+)"$/gm)].map(([, place]) => place);
  expect(places).toEqual(['/t/containerd', '/t/containerd-state', '/t/containerd.sock', '/t/cni']);
  expect(config).toContain('bin_dir = "/cni"');
  expect(pathsIn('/t').cniConfig).toMatch(/^\/t\/cni\/.+\.conflist$/);
});

test('pods get their addresses from the range that this machine has a way to', () => {
  expect(JSON.parse(cniConfig(facts())).plugins[0]).toMatchObject({
    type: 'bridge',
    ipam: { ranges: [[{ subnet: '198.19.7.128/25' }]] },
  });
});
