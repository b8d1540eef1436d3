// The files that we write for kubeadm, before the real kubeadm of each minor: all are valid, and each of their twins with one field broken
// is not, so that "valid" means something.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { acquireBinary, KUBERNETES_VERSIONS, MINORS } from '@longshore/embedded-control-plane';
import type { Entrance } from './contract.ts';
import { kubeadmConfig, placeholders } from './kubeadm-config.ts';
import type { KubeadmConfigVersion } from './machine-configs.ts';
import { generateClusterKeys } from './pki.ts';
import { aCluster, aMachine } from './test-support/cluster-facts.ts';

const execute = promisify(execFile);
const token = 'abcdef.0123456789abcdef';
const caCertHash = `sha256:${'a1'.repeat(32)}`;
const keys = await generateClusterKeys({ cluster: 'blue', nowMs: Date.now(), algorithm: 'ecdsa-p256' });
const entrances: Readonly<Record<Entrance['kind'], Entrance>> = {
  init: { kind: 'init', keys, token, tokenExpiresAt: '2026-11-22T12:00:00Z' },
  join: { kind: 'join', token, caCertHash },
  'join-control-plane': { kind: 'join-control-plane', token, caCertHash, keys },
};
const kinds = Object.keys(entrances) as Entrance['kind'][];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'longshore-kubeadm-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Sample {
  readonly kind: Entrance['kind'];
  readonly kubelet: string;
  readonly version?: KubeadmConfigVersion;
}

/** The file as it is on the machine: with what the script puts in place of the placeholders. */
const fileOf = ({ kind, kubelet, version = 'v1beta4' }: Sample): string => {
  const cluster = aCluster({
    podCidrs: ['172.25.0.0/16', 'fd00:25::/56'],
    serviceCidrs: ['172.26.0.0/16', 'fd00:26::/112'],
    ...(kind === 'init' ? { elasticIp: '147.75.9.9' } : { endpoint: '147.75.9.9:6443' }),
  });
  const machine = aMachine({
    versions: { kubelet, ...(kind === 'join' ? {} : { controlPlane: kubelet }) },
    labels: { pool: 'first' },
    taints: [{ key: 'dedicated', value: 'batch', effect: 'NoSchedule' }],
  });
  return kubeadmConfig({ cluster, machine, entrance: entrances[kind], version })
    .replaceAll(placeholders.publicIpv4, '147.75.1.2')
    .replaceAll(placeholders.privateIpv4, '10.0.0.3')
    .replaceAll(placeholders.deviceId, '0e2b1f7c-1111-4222-8333-444455556666')
    .replaceAll(placeholders.tokenTtl, '18000s');
};

describe.each(MINORS)('kubeadm %s', (minor) => {
  const kubelet = KUBERNETES_VERSIONS[minor];
  let kubeadm: string;
  let files = 0;
  beforeAll(async () => {
    kubeadm = await acquireBinary('kubeadm', minor);
  }, 1_200_000);

  const validate = async (text: string): Promise<string> => {
    const file = path.join(folder, `${minor}-${files++}.yaml`);
    writeFileSync(file, text);
    const { stdout, stderr } = await execute(kubeadm, ['config', 'validate', '--config', file]);
    return `${stdout}${stderr}`;
  };

  test.each(kinds)(
    'takes the file for %s, without a warning',
    async (kind) => {
      expect(await validate(fileOf({ kind, kubelet }))).toBe('ok\n');
    },
    60_000,
  );

  test.each(kinds)(
    'takes the older form of the file for %s',
    async (kind) => {
      expect(await validate(fileOf({ kind, kubelet, version: 'v1beta3' }))).toMatch(/^ok\n/);
    },
    60_000,
  );

  test.each<{
    readonly field: string;
    readonly kind: Entrance['kind'];
    readonly from: string | RegExp;
    readonly to: string;
  }>([
    { field: 'apiVersion', kind: 'init', from: /v1beta4/g, to: 'v1beta2' },
    { field: 'the name of a field', kind: 'init', from: 'localAPIEndpoint:', to: 'localApiEndpoint:' },
    { field: 'advertiseAddress', kind: 'init', from: '10.0.0.3', to: '10.0.0.300' },
    { field: 'bindPort', kind: 'init', from: 'bindPort: 6443', to: 'bindPort: 66443' },
    { field: 'token', kind: 'init', from: token, to: 'abcdef.0123' },
    { field: 'ttl', kind: 'init', from: '18000s', to: '18000' },
    { field: 'usages', kind: 'init', from: '- signing', to: '- singing' },
    { field: 'podSubnet', kind: 'init', from: '172.25.0.0/16', to: '172.25.0.0' },
    { field: 'serviceSubnet', kind: 'init', from: '172.26.0.0/16', to: '172.26.0.0/31' },
    { field: 'dnsDomain', kind: 'init', from: 'cluster.local', to: 'x; reboot' },
    { field: 'controlPlaneEndpoint', kind: 'init', from: '147.75.9.9:6443', to: '147.75.9.9:99999' },
    { field: 'certSANs', kind: 'init', from: '127.0.0.1', to: 'no name' },
    { field: 'kubernetesVersion', kind: 'init', from: /kubernetesVersion: .*/, to: 'kubernetesVersion: v1.20.0' },
    {
      field: 'kubeletExtraArgs as a map',
      kind: 'join',
      from: '- name: cloud-provider\n      value: external',
      to: 'a: b',
    },
    { field: 'no hash', kind: 'join', from: /caCertHashes:\n +- \S+/, to: 'caCertHashes: []' },
    { field: 'endpoint', kind: 'join', from: '147.75.9.9:6443', to: '147.75.9.9' },
    { field: 'timeout', kind: 'join', from: '10m0s', to: 'long' },
    { field: 'criSocket', kind: 'join', from: /criSocket: .*/, to: 'criSocket: []' },
    { field: 'node name', kind: 'join', from: 'name: machine-0', to: 'name: Machine_0' },
    {
      field: 'control plane address',
      kind: 'join-control-plane',
      from: 'advertiseAddress: 10.0.0.3',
      to: 'advertiseAddress: x',
    },
  ])(
    'refuses $kind with a broken $field',
    async ({ kind, from, to }) => {
      const good = fileOf({ kind, kubelet });
      const broken = good.replace(from, to);
      expect(broken).not.toBe(good);
      await expect(validate(broken)).rejects.toThrow(/Command failed/);
    },
    60_000,
  );
});
