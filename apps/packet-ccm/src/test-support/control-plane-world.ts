// A simulated Packet over HTTP with the keeper of the control plane's elastic IP on top, on one clock that the test moves. Which API servers
// answer is up to the test.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator, WirePacketDevice } from '@longshore/cloud-simulators';
import type { ClusterView, OtherPlan } from '@longshore/cloud-provider';
import type { EventRecorder, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { createPacketApi } from '@longshore/packet-api';
import type { DeviceId, PacketApi, ProjectId } from '@longshore/packet-api';
import { FakeClock, FakeSource, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import type { FakeMetrics } from '@longshore/reconciler-core/testing';
import { ControlPlaneEip } from '../control-plane/control-plane-eip.ts';
import type { ProbeResult, ProbeTarget } from '../control-plane/probe.ts';
import { PacketInstances } from '../instances/instances.ts';

/** The tag of the elastic IP. */
export const EIP_TAG = 'cluster-api-provider-packet:cluster-id:test';

const signal = new AbortController().signal;
const KUBERNETES: KubeService = {
  metadata: { namespace: 'default', name: 'kubernetes' },
  spec: { ports: [{ name: 'https', port: 443, targetPort: 6443 }] },
};
const LABEL = { 'node-role.kubernetes.io/control-plane': '' };

/** Everything that a test of the elastic IP needs. */
export interface ControlPlaneWorld {
  readonly cloud: PacketSimulator;
  readonly api: PacketApi;
  readonly clock: FakeClock;
  readonly metrics: FakeMetrics;
  readonly nodes: FakeSource<KubeNode>;
  readonly address: string;
  /** Names of nodes whose API server answers. */
  readonly healthy: Set<string>;
  /** What was asked: `address:port`. */
  readonly asked: string[];
  /** Reasons and messages of events. */
  readonly events: string[];
  /** Names of the nodes that have the address now. */
  holders(): readonly string[];
  /** Puts the address on a node, as somebody else would. */
  give(name: string): Promise<void>;
  /** Runs the loop. */
  run(): void;
  plan(): Promise<OtherPlan>;
  cluster(): ClusterView;
  close(): Promise<void>;
}

/** What can be different. */
export interface ControlPlaneWish {
  readonly checksHostIp?: boolean;
  readonly type?: 'public_ipv4' | 'global_ipv4';
}

/** Starts one with three control-plane nodes, `a` to `c`, whose API servers all answer. */
export async function aControlPlaneWorld({
  checksHostIp = false,
  type = 'public_ipv4',
}: ControlPlaneWish = {}): Promise<ControlPlaneWorld> {
  const clock = new FakeClock();
  const cloud = await simulatePacket({ clock, facility: 'da11' });
  const token = (): string => cloud.token;
  const api = createPacketApi({ baseUrl: cloud.url, token, clock, userAgent: 'test', maxAttempts: 1 });
  const projectId = cloud.projectId as ProjectId;
  const wish = { type, quantity: 1, ...(type === 'public_ipv4' ? { metro: 'da' } : {}), tags: [EIP_TAG] };
  const { address = '' } = await api.reservations.reserve(projectId, wish, signal);
  const devices = new Map(['a', 'b', 'c'].map((name) => [name, cloud.addDevice({ hostname: name })]));
  const nodes = nodesOf([...devices.values()]);
  const holders = (): readonly string[] => ownersOf(address, cloud);
  const healthy = new Set(devices.keys());
  const asked: string[] = [];
  const events: string[] = [];
  const metrics = fakeMetrics();
  const nameOf = (target: string): string | undefined => ownersOf(target, cloud)[0];
  const probe = ({ address: target, port }: ProbeTarget): Promise<ProbeResult> => {
    asked.push(`${target}:${port}`);
    const isHealthy = healthy.has(nameOf(target) ?? '');
    return Promise.resolve(isHealthy ? { isHealthy } : { isHealthy, reason: 'it does not answer' });
  };
  const eip = new ControlPlaneEip({
    tag: EIP_TAG,
    projectId,
    reservations: api.reservations,
    assignments: api.assignments,
    instances: new PacketInstances({ devices: api.devices, projectId, clock }),
    probe,
    ca: () => Promise.resolve(undefined),
    settings: { apiServerPort: 443, checksHostIp, failuresToMove: 3 },
    events: recorderInto(events),
    clock,
    log: recordingLogger(),
    metrics,
  });
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const cluster = (): ClusterView => ({ nodes: nodes.list(), services: [KUBERNETES] });
  return {
    ...{ cloud, api, clock, metrics, nodes, address, healthy, asked, events, holders, cluster },
    async give(name) {
      await api.assignments.assign(devices.get(name)?.id as DeviceId, { address }, signal);
    },
    run: () => void (running = eip.loop(cluster, nodes).run(stop.signal)),
    plan: () => eip.plan(cluster(), signal),
    async close() {
      stop.abort();
      const ended = running?.catch(() => {});
      await clock.advance(30_000);
      await ended;
      api.http.close();
      await cloud.close();
    },
  };
}

function recorderInto(events: string[]): EventRecorder {
  const note = (_about: unknown, reason: string, message: string): void => void events.push(`${reason} ${message}`);
  return { normal: note, warning: note };
}

function ownersOf(address: string, { state }: PacketSimulator): readonly string[] {
  const devices = [...state.devices.values()];
  const own = devices.filter((one) => one.ip_addresses.some((ip) => ip.address === address));
  return own.map(({ hostname }) => hostname);
}

function nodesOf(devices: readonly WirePacketDevice[]): FakeSource<KubeNode> {
  const nodes = new FakeSource<KubeNode>();
  for (const { hostname, id, ip_addresses: addresses } of devices) {
    const external = addresses.filter((one) => one.public && one.address_family === 4).map((one) => one.address);
    const internal = addresses.filter((one) => !one.public).map((one) => one.address);
    nodes.set(hostname, aControlPlaneNodeObject(hostname, `packet://${id}`, { external, internal }));
  }
  return nodes;
}

function aControlPlaneNodeObject(
  name: string,
  providerID: string,
  { external, internal }: { readonly external: readonly string[]; readonly internal: readonly string[] },
): KubeNode {
  return {
    metadata: { name, uid: `uid-${name}`, labels: LABEL },
    spec: { providerID },
    status: {
      addresses: [
        { type: 'Hostname', address: name },
        ...internal.map((address) => ({ type: 'InternalIP', address })),
        ...external.map((address) => ({ type: 'ExternalIP', address })),
      ],
    },
  };
}
