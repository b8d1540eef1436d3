// The generated files on a real API server, by hand and with kubectl, in the order of the README; and the pods of the managers as the API
// server would admit them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_MINOR, kubectlFor, parseMinor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { planFiles, SHIPPED_MACHINE_CONFIGS } from './plan-files.ts';
import { objectsToYaml } from './yaml-file.ts';

const FIRST_BUILD_MS = 1_800_000;
// LONGSHORE_TEST_MINOR=1.34 runs the same against an older minor (which is built first).
const minor = parseMinor(process.env['LONGSHORE_TEST_MINOR'] ?? '') ?? DEFAULT_MINOR;
const files = planFiles({
  projectID: '93125c2a-8b78-4d4f-a3c4-7367d6b7cca8',
  // Everything that must be quoted in YAML or for a shell.
  apiKey: "0123: #&'\\$`",
  clusterName: 'n'.repeat(41),
  facilities: ['ewr1', 'sjc1'],
  sshKeyFile: Buffer.from('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA/+8= a&b/c\n'),
  apiUrl: 'http://127.0.0.1:1/metal/v1',
  image: 'localhost:5000/me/img-provider',
  machineConfigs: SHIPPED_MACHINE_CONFIGS,
});

let plane: ControlPlane;
let kubectl: Kubectl;
let folder: string;
const applied = new Map<string, string>();

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  folder = await mkdtemp(path.join(tmpdir(), 'capi-generate-'));
  plane = await startControlPlane({ minor, onProgress });
  kubectl = await kubectlFor(plane, { cwd: folder, onProgress });
  for (const { name, text } of files) await writeFile(path.join(folder, name), text);
  for (const name of ['provider-components.yaml', 'cluster.yaml', 'machines.yaml', 'addons.yaml']) {
    applied.set(name, await kubectl('apply', '--validate=strict', '-f', name));
    if (name === 'provider-components.yaml')
      await kubectl('wait', '--for=condition=Established', '--all', 'crd', '--timeout=60s');
  }
}, FIRST_BUILD_MS);

afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true });
});

const get = async (...what: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await kubectl('get', ...what, '-o', 'json')) as Record<string, unknown>;

describe('the generated files, applied by hand in the order of the README', () => {
  test.each(files.map(({ name }) => ({ name })))(
    'CA row P23: $name is accepted with strict validation of fields',
    async ({ name }) => {
      const lines = (applied.get(name) ?? '').trim().split('\n');
      expect(lines.every((line) => line.endsWith(' created'))).toBe(true);
      // What the API server keeps is what the file says: a second apply changes nothing. (kubectl always says so of stringData.)
      const again = (await kubectl('apply', '--validate=strict', '-f', name)).trim().split('\n');
      expect(again.filter((line) => !line.endsWith(' unchanged') && !line.startsWith('secret/'))).toEqual([]);
    },
  );

  test('the credentials are exact', async () => {
    const { data } = (await get(
      '-n',
      'cluster-api-provider-packet-system',
      'secret',
      'cluster-api-provider-packet-credentials',
    )) as {
      data: Record<string, string>;
    };
    expect(Buffer.from(data['apiKey'] ?? '', 'base64').toString()).toBe("0123: #&'\\$`");
  });

  test('machines and the deployment are there with their raw specs', async () => {
    const { items } = (await get('machines,machinedeployments')) as { items: Record<string, unknown>[] };
    expect(items).toMatchObject([
      { kind: 'Machine', spec: { providerSpec: { value: { facility: ['ewr1', 'sjc1'] } } } },
      {
        kind: 'MachineDeployment',
        spec: { template: { spec: { providerSpec: { value: { machineType: 'c3.small.x86' } } } } },
      },
    ]);
  });
});

describe('the managers', () => {
  test.each(['cluster-api-system', 'cluster-api-provider-packet-system'])(
    'the pod of %s is admitted under the restricted standard, as one of the last to be evicted',
    async (namespace) => {
      const { items } = (await get('-n', namespace, 'statefulsets')) as {
        items: { metadata: { name: string }; spec: { template: { spec: { serviceAccountName: string } } } }[];
      };
      expect(items).toHaveLength(1);
      const name = `${items[0]?.metadata.name}-0`;
      expect(name).toMatch(/manager|controller/);
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: items[0]?.spec.template.spec };
      await writeFile(path.join(folder, 'pod.yaml'), objectsToYaml([pod]));
      const priority = await kubectl('create', '--dry-run=server', '-f', 'pod.yaml', '-o', 'jsonpath={.spec.priority}');
      expect(priority).toBe('2000000000');
    },
  );

  const packet =
    'system:serviceaccount:cluster-api-provider-packet-system:cluster-api-provider-packet-controller-manager';
  const generic = 'system:serviceaccount:cluster-api-system:cluster-api-controller-manager';

  test.each([
    { who: packet, may: true, what: ['create', 'secrets', '-n', 'default'] },
    { who: packet, may: true, what: ['patch', 'clusters.cluster.k8s.io', '--subresource=status', '-n', 'any'] },
    { who: packet, may: true, what: ['delete', 'machines.cluster.k8s.io', '-n', 'any'] },
    {
      who: packet,
      may: true,
      what: ['update', 'leases/cluster-api-packet', '-n', 'cluster-api-provider-packet-system'],
    },
    { who: packet, may: false, what: ['update', 'leases/another', '-n', 'cluster-api-provider-packet-system'] },
    { who: packet, may: false, what: ['update', 'leases/kube-scheduler', '-n', 'kube-system'] },
    { who: packet, may: false, what: ['create', 'pods', '-n', 'default'] },
    { who: packet, may: false, what: ['delete', 'nodes'] },
    { who: generic, may: true, what: ['create', 'machines.cluster.k8s.io', '-n', 'any'] },
    { who: generic, may: true, what: ['patch', 'machinesets.cluster.k8s.io', '--subresource=status', '-n', 'any'] },
    { who: generic, may: true, what: ['update', 'leases/cluster-api-generic', '-n', 'cluster-api-system'] },
    { who: generic, may: false, what: ['update', 'secrets', '-n', 'default'] },
    { who: generic, may: false, what: ['delete', 'clusters.cluster.k8s.io', '-n', 'any'] },
  ])('$who may $what: $may', async ({ who, may, what }) => {
    const asked = kubectl('auth', 'can-i', `--as=${who}`, ...what);
    const answer = (await asked.catch((error: { stdout?: string }) => error.stdout ?? '')).trim();
    expect(answer).toBe(may ? 'yes' : 'no');
  });
});
