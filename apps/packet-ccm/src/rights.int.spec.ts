// The rights of the manifest are exactly those that the program uses: the built program under its account, with both MetalLBs, the address
// of the control plane, what an old program left, the fall-backs forced, and the audit log on. Whatever is granted is used in the end, and
// no call is refused.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  addService,
  playDryRun,
  playLife,
  removeService,
  RunningProgram,
  untilAddress,
  untilUsed,
  withLogs,
} from '@longshore/cloud-provider/testing';
import type { RightsScene } from '@longshore/cloud-provider/testing';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { compareRights, grantedRights } from '@longshore/embedded-control-plane';
import type { RightsReport } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import { CONTROL_PLANE_SERVICE } from './control-plane/control-plane-service.ts';
import { FIELD_MANAGER, SERVICE_NAME_LABEL } from './control-plane/external-service.ts';
import type { AddressPool } from './load-balancer/metallb/resources.ts';
import { Cluster, FIRST_BUILD_MS } from './test-support/cluster.ts';
import { DEPLOYMENT, manifests, RELEASE } from './test-support/manifests.ts';
import { METALLB_CRDS } from './test-support/metallb-crds.ts';

const LIFE_MS = 900_000;
const account = { namespace: 'kube-system', name: 'cloud-provider-equinix-metal' };
const RESOURCES = 'metallb:///metallb-system?crdConfiguration=true';
const CONFIG_MAP = 'metallb:///metallb-system';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces';
const PORTS = [{ name: 'https', port: 6443, protocol: 'TCP' }];
const programs: RunningProgram[] = [];
let cluster: Cluster;
let cloud: PacketSimulator;

beforeAll(async () => {
  // An older API server: caches have to list before they watch.
  cluster = await Cluster.start({ audit: true, apiServerArgs: ['--feature-gates=WatchList=false'] });
  await cluster.kubectl('apply', '-f', RELEASE);
  cloud = await simulatePacket({ facility: 'da11', bgpUpMs: 0 });
}, FIRST_BUILD_MS);
afterEach(async () => {
  for (const program of programs.splice(0)) if (program.isRunning) await program.stop();
});
afterAll(async () => {
  await cloud?.close();
  await cluster?.stop();
});

const rights = async (): Promise<RightsReport> =>
  compareRights(manifests.objectsOf(RELEASE), account, await cluster.plane.auditEvents());

async function newScene(loadBalancer: string): Promise<RightsScene> {
  const kubeconfig = await cluster.kubeconfigOf(account.name);
  const env = {
    METAL_API_KEY: cloud.token,
    METAL_PROJECT_ID: cloud.projectId,
    METAL_API_URL: cloud.url,
    METAL_METRO_NAME: 'da',
    METAL_EIP_TAG: 'control-plane',
    METAL_LOAD_BALANCER: loadBalancer,
  };
  return {
    cluster: cluster.plane,
    token: await cluster.plane.createToken(account),
    kubeconfig,
    compareRights: rights,
    addMachine: (hostname) => void cloud.addDevice({ hostname }),
    removeMachine(name) {
      const found = [...cloud.state.devices.values()].find(({ hostname }) => hostname === name);
      if (found) cloud.removeDevice(found.id);
    },
    start(name, flags) {
      const given = ['--leader-elect=true', `--kubeconfig=${kubeconfig}`, ...flags];
      const started = new RunningProgram(name, { file: path.join(manifests.path, 'dist/main.js'), env, flags: given });
      programs.push(started);
      return started;
    },
  };
}

async function makeMetalLb(): Promise<void> {
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const crd of METALLB_CRDS) await cluster.call('POST', crds, crd);
  await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s');
  await cluster.call('POST', '/api/v1/namespaces', { metadata: { name: 'metallb-system' } });
  const config = { metadata: { name: 'config' }, data: { config: '' } };
  await cluster.call('POST', '/api/v1/namespaces/metallb-system/configmaps', config);
}

/** An address that waits for a node, a node that could take it, and where API servers are. */
async function makeControlPlane(): Promise<void> {
  const body = JSON.stringify({ type: 'public_ipv4', quantity: 1, metro: 'da', tags: ['control-plane'] });
  const headers = { 'x-auth-token': cloud.token, 'content-type': 'application/json' };
  await fetch(`${cloud.url}/projects/${cloud.projectId}/ips`, { method: 'POST', headers, body });
  // Without an address nobody is asked whether he is well: the range of simulated addresses leads nowhere.
  const { id } = cloud.addDevice({ hostname: 'control', addresses: [] });
  const labels = { 'node-role.kubernetes.io/control-plane': '' };
  await cluster.addNode('control', { providerID: `packet://${id}`, labels });
  const ca = { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': cluster.plane.caCertPem } };
  await cluster.call('POST', '/api/v1/namespaces/kube-system/configmaps', ca);
  await cluster.call('POST', `${SLICES}/default/endpointslices`, {
    metadata: { name: 'kubernetes', labels: { [SERVICE_NAME_LABEL]: 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    ports: PORTS,
  });
}

/** A slice of a family that the API server has no more, and the Endpoints of the Go program up to 3.8.1. */
async function makeLeftOvers(): Promise<void> {
  const { namespace, name } = CONTROL_PLANE_SERVICE;
  const labels = { [SERVICE_NAME_LABEL]: name, 'endpointslice.kubernetes.io/managed-by': FIELD_MANAGER };
  await cluster.call('POST', `${SLICES}/${namespace}/endpointslices`, {
    metadata: { name: `${name}-ipv6`, labels },
    addressType: 'IPv6',
    endpoints: [{ addresses: ['fd00::1'] }],
    ports: PORTS,
  });
  const subsets = [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ port: 6443 }] }];
  const at = `/api/v1/namespaces/${namespace}/endpoints?fieldManager=${FIELD_MANAGER}`;
  await cluster.call('POST', at, { metadata: { name }, subsets });
}

/** A second Service is announced beside the first, and its pool, which somebody has changed, is put right when the Service changes. */
async function playAnnouncements(scene: RightsScene): Promise<void> {
  await addService(scene, 'shop');
  await untilAddress(scene, 'shop');
  const pool = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/default.shop';
  const { spec } = await cluster.call<AddressPool>('GET', pool);
  const [own = ''] = spec.addresses ?? [];
  await cluster.patch(pool, { spec: { addresses: [own, '192.0.2.99/32'] } });
  let port = 8000;
  await until('the pool is right again', async () => {
    port += 1;
    await cluster.patch('/api/v1/namespaces/default/services/shop', { spec: { ports: [{ port }] } });
    return (await cluster.call<AddressPool>('GET', pool)).spec.addresses?.length === 1;
  });
  for (const kind of ['ipaddresspools', 'bgppeers', 'bgpadvertisements']) {
    await untilUsed(scene, `update metallb.io/${kind}`);
  }
  await removeService(scene, 'shop');
  await untilUsed(scene, 'get configmaps[kube-root-ca.crt] in kube-system');
  await untilUsed(scene, 'delete discovery.k8s.io/endpointslices in kube-system');
  await untilUsed(scene, `delete endpoints[${CONTROL_PLANE_SERVICE.name}] in kube-system`);
}

async function playOldMetalLb(): Promise<void> {
  const scene = await newScene(CONFIG_MAP);
  const program = scene.start('old MetalLB', ['--secure-port=0']);
  await addService(scene, 'old');
  await untilAddress(scene, 'old');
  await untilUsed(scene, 'patch configmaps[config]');
  await removeService(scene, 'old');
  await program.stop();
}

test('both manifests grant the same', () => {
  const old = { ...account, name: 'cloud-controller-manager' };
  expect(grantedRights(manifests.objectsOf(DEPLOYMENT), old)).toEqual(
    grantedRights(manifests.objectsOf(RELEASE), account),
  );
});

test(
  'every right of the manifest is used, and nothing else is asked for',
  async () => {
    await makeMetalLb();
    await makeControlPlane();
    await makeLeftOvers();
    const scene = await newScene(RESOURCES);
    await withLogs(programs, async () => {
      await playDryRun(scene);
      await playLife(scene, () => playAnnouncements(scene));
      await playOldMetalLb();
    });
    const { granted, idle, refused } = await rights();
    expect(granted.length).toBeGreaterThan(0);
    expect({ idle, refused }).toEqual({ idle: [], refused: [] });
    expect(programs.map(({ output }) => output).join('')).not.toContain('a permission is missing');
  },
  LIFE_MS,
);
