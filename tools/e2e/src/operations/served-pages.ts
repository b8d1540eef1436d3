// The pages of metrics of the built programs at work: one after the other against one API server and the simulated clouds, each with a
// node, a balancer, a volume's driver or a machine to care for, and with a cloud that fails a few calls, so that failures are counted, too.
import { connect as connectHttp2 } from 'node:http2';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, readPage, RunningProgram } from '@longshore/cloud-provider/testing';
import { simulateCloudscale, simulateDigitalOcean, simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator, Simulator } from '@longshore/cloud-simulators';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { waitFor } from '@longshore/reconciler-core/testing';
import { root } from '../test-results.ts';
import { parseExposition } from './exposition.ts';
import type { Exposition } from './exposition.ts';

const LONG_MS = 180_000;
const WEB = '/api/v1/namespaces/default/services/web';
const CLUSTER_API = '/apis/cluster.k8s.io/v1alpha1';
const TAINT = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
const ALLOWED = '--authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics';

interface CcmScene {
  readonly app: string;
  readonly cloud: Simulator<unknown>;
  /** Name of a machine of the cloud. */
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** What must be on the page before it is taken. */
  readonly awaited: readonly RegExp[];
}

const COMMON = [
  /^cloud_provider_calls_total\{.*result="success"/m,
  /^cloudprovider_\w+_api_request_errors_total\{/m,
  /^service_controller_services\{.*state="ready".*\} 1$/m,
  /^node_controller_initial_node_sync_delay_seconds_count\S* [1-9]/m,
  /^leader_election_master_status\{.*\} 1$/m,
];

/** Of do-ccm, with the public access firewall. */
export async function pageOfDoCcm(plane: ControlPlane): Promise<Exposition> {
  const cloud = await simulateDigitalOcean({ timeToActiveMs: 0 });
  const { name } = cloud.addDroplet({ name: 'pool-1', tags: ['workers'] });
  const env = {
    DO_ACCESS_TOKEN: cloud.token,
    DO_OVERRIDE_URL: cloud.url,
    REGION: 'fra1',
    DO_CLUSTER_ID: 'c1',
    PUBLIC_ACCESS_FIREWALL_NAME: 'public',
    PUBLIC_ACCESS_FIREWALL_TAGS: 'workers',
  };
  const awaited = [...COMMON, /^firewall_reconciles_total\{.*result="reconciled"/m];
  return pageOfCcm(plane, { app: 'do-ccm', cloud, node: name, env, awaited });
}

/** Of cloudscale-ccm, with a look at the health of members. */
export async function pageOfCloudscaleCcm(plane: ControlPlane): Promise<Exposition> {
  const cloud = await simulateCloudscale({ timeToRunningMs: 0, dataPlaneMs: 0 });
  cloud.addServer({ name: 'server-1' });
  const env = { CLOUDSCALE_ACCESS_TOKEN: cloud.token, CLOUDSCALE_API_URL: cloud.url };
  const flags = ['--allow-untagged-cloud', '--member-health-period=10s'];
  const awaited = [...COMMON, /^cloudscale_load_balancer_members\{.*status="up"/m];
  return pageOfCcm(plane, { app: 'cloudscale-ccm', cloud, node: 'server-1', env, flags, awaited });
}

/** Of packet-ccm, with an elastic IP of the control plane. */
export async function pageOfPacketCcm(plane: ControlPlane): Promise<Exposition> {
  const cloud = await simulatePacket({ facility: 'da11', quota: 'off' });
  const { hostname } = cloud.addDevice({ hostname: 'device-1' });
  const body = JSON.stringify({ type: 'public_ipv4', quantity: 1, metro: 'da', tags: ['control-plane'] });
  const headers = { 'x-auth-token': cloud.token, 'content-type': 'application/json' };
  await fetch(`${cloud.url}/projects/${cloud.projectId}/ips`, { method: 'POST', headers, body });
  const env = {
    METAL_API_KEY: cloud.token,
    METAL_PROJECT_ID: cloud.projectId,
    METAL_API_URL: cloud.url,
    METAL_METRO_NAME: 'da',
    METAL_LOAD_BALANCER: 'empty://',
    METAL_EIP_TAG: 'control-plane',
  };
  const failed = /^cloud_provider_calls_total\{.*result="error"/m;
  const awaited = [...COMMON, failed, /^control_plane_eip_checks_total\{/m];
  return pageOfCcm(plane, { app: 'packet-ccm', cloud, node: hostname, env, awaited });
}

/** Of the controller of csi-packet, after one call that it answered and one that it refused. */
export async function pageOfCsiPacket(): Promise<Exposition> {
  const cloud = await simulatePacket({ devices: 1, volumeQueuedMs: 0, quota: 'off' });
  const folder = await mkdtemp(path.join(tmpdir(), 'served-csi-'));
  const socket = path.join(folder, 'csi.sock');
  const port = await freePort();
  const program = new RunningProgram('csi-packet', {
    file: path.join(root, 'apps/csi-packet/dist/main.js'),
    flags: [`--endpoint=unix://${socket}`, '--mode=controller', `--http-endpoint=127.0.0.1:${port}`],
    env: {
      PACKET_API_KEY: cloud.token,
      PACKET_PROJECT_ID: cloud.projectId,
      PACKET_API_URL: cloud.url,
      PACKET_METADATA_URL: cloud.metadata.urlOf('node-1'),
    },
  });
  const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  try {
    // A list of volumes asks the cloud; a name that is missing is refused before.
    const isAnswered = (): Promise<boolean> => grpcCall(socket, '/csi.v1.Controller/ListVolumes').catch(() => false);
    await program.until('answers', isAnswered, LONG_MS);
    await grpcCall(socket, '/csi.v1.Controller/CreateVolume');
    cloud.fail({ status: 500, times: 20 });
    await grpcCall(socket, '/csi.v1.Controller/ListVolumes');
    cloud.clearFaults();
    return await pageWith(program, page, [
      /^csi_plugin_operations_seconds_count\{.*="INVALID_ARGUMENT"/m,
      /^cloudprovider_packet_api_request_errors_total\{/m,
    ]);
  } finally {
    await program.stop();
    await cloud.close();
    await rm(folder, { recursive: true });
  }
}

/** Of the cluster-api manager, with a machine and with a device that nobody owns. */
export async function pageOfManager(plane: ControlPlane): Promise<Exposition> {
  const cloud = await simulatePacket({ pathPrefix: '/metal/v1', quota: 'off' });
  const program = new RunningProgram('manager', {
    file: path.join(root, 'apps/capi-packet-manager/dist/manager.js'),
    flags: [
      `--config=${path.join(root, 'apps/capi-packet-manager/config/default/machine_configs.yaml')}`,
      `--kubeconfig=${plane.kubeconfigPath}`,
      '--metrics-addr=127.0.0.1:0',
      '--health-addr=127.0.0.1:0',
      '--sync-period=2s',
    ],
    env: { PACKET_API_KEY: cloud.token, PACKET_API_URL: cloud.url.replace('/metal/v1', '') },
  });
  try {
    cloud.fail({ status: 500, times: 2 });
    await addMachines(plane, cloud);
    await program.says(/metrics-addr\] "serving".* port=\d+/, LONG_MS);
    const [, port = ''] = /metrics-addr\] "serving".* port=(\d+)/.exec(program.output) ?? [];
    const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return await pageWith(program, page, [
      /^packet_machines\{phase="Provisioned"\} 1$/m,
      /^packet_server_creations_total\{result="created"\} 1$/m,
      /^packet_servers\{.*state="active"/m,
      /^cloudprovider_packet_api_request_errors_total\{/m,
    ]);
  } finally {
    await program.stop();
    await cloud.close();
  }
}

async function pageOfCcm(plane: ControlPlane, scene: CcmScene): Promise<Exposition> {
  const { app, cloud, node, env, flags = [], awaited } = scene;
  const port = await freePort();
  const program = new RunningProgram(app, {
    file: path.join(root, 'apps', app, 'dist/main.js'),
    flags: [`--kubeconfig=${plane.kubeconfigPath}`, `--secure-port=${port}`, ALLOWED, ...flags],
    env,
  });
  const page = async (): Promise<string> => (await readPage(port, '/metrics')).body;
  try {
    await pageWith(program, page, [/^running_managed_controllers\{.*name="service"/m]);
    // Enough for a look-up of the node to fail with all its attempts.
    cloud.fail({ status: 500, times: 12 });
    await send(plane, 'POST', '/api/v1/nodes', { metadata: { name: node }, spec: { taints: [TAINT] } });
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
    await send(plane, 'POST', '/api/v1/namespaces/default/services', { metadata: { name: 'web' }, spec });
    return await pageWith(program, page, awaited);
  } finally {
    await send(plane, 'DELETE', WEB);
    const isGone = async (): Promise<boolean> => (await plane.request({ path: WEB })).status === 404;
    await waitFor(isGone, { what: 'the end of the Service', timeoutMs: LONG_MS }).finally(() => program.stop());
    await send(plane, 'DELETE', `/api/v1/nodes/${node}`);
    await cloud.close();
  }
}

async function pageWith(
  program: RunningProgram,
  page: () => Promise<string>,
  awaited: readonly RegExp[],
): Promise<Exposition> {
  let last = '';
  const missing = (): readonly RegExp[] => awaited.filter((pattern) => !pattern.test(last));
  const isComplete = async (): Promise<boolean> => {
    last = await page().catch(() => '');
    return missing().length === 0;
  };
  await program.until('its metrics', isComplete, LONG_MS).catch((error: unknown) => {
    throw new Error(`missing on the page: ${missing().map(String).join(', ')}`, { cause: error });
  });
  return parseExposition(last);
}

async function addMachines(plane: ControlPlane, cloud: PacketSimulator): Promise<void> {
  await send(plane, 'POST', `${CLUSTER_API}/namespaces/default/clusters`, {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'one' },
    spec: {
      clusterNetwork: {
        services: { cidrBlocks: ['172.25.0.0/16'] },
        pods: { cidrBlocks: ['172.26.0.0/16'] },
        serviceDomain: 'cluster.local',
      },
      providerSpec: { value: { projectID: cloud.projectId } },
    },
  });
  const value = {
    projectID: cloud.projectId,
    OS: 'ubuntu_24_04',
    facility: ['ewr1'],
    machineType: 'c3.small.x86',
    billingCycle: 'hourly',
  };
  await send(plane, 'POST', `${CLUSTER_API}/namespaces/default/machines`, {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Machine',
    metadata: { name: 'one-master-0', labels: { 'cluster.k8s.io/cluster-name': 'one' } },
    spec: { versions: { kubelet: '1.36.3', controlPlane: '1.36.3' }, providerSpec: { value } },
  });
}

/** A call to the API server, again while it says that it is not that far (429, or types that are not served yet). */
async function send(plane: ControlPlane, method: string, at: string, body?: object): Promise<void> {
  let last = 0;
  const isDone = async (): Promise<boolean> => {
    last = (await plane.request({ method, path: at, ...(body ? { body } : {}) })).status;
    return last < 300 || last === 409;
  };
  await waitFor(isDone, { what: `${method} ${at}`, timeoutMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`${method} ${at}: ${last}`, { cause: error });
  });
}

/** A unary call with an empty message; resolves whether it was answered, with whatever status. */
function grpcCall(socket: string, method: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2('http://localhost', { createConnection: () => connectSocket(socket) });
    session.on('error', reject);
    const headers = { ':method': 'POST', ':path': method, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(headers);
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve(true);
    });
    stream.resume();
    // Not compressed, length 0.
    stream.end(Buffer.alloc(5));
  });
}
