// What the demo does in the cluster as a user would: registers nodes (as kubelets do), creates a Service, reads both.
import { nodes, services, events } from '@longshore/k8s-runtime';
import type { KubeClient, KubeEvent, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { textTable } from './table.ts';

const TAINT = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };

/** Registers a Node as a kubelet with `--cloud-provider=external` does: tainted, without addresses of the cloud. */
export async function registerNode(client: KubeClient, name: string): Promise<void> {
  await client.create(nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    spec: { taints: [TAINT] },
  });
  const now = new Date().toISOString();
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  const body = { status: { conditions: [ready], addresses: [{ type: 'Hostname', address: name }] } };
  await client.patch(nodes, { name }, { kind: 'merge', body }, { subresource: 'status' });
}

/** Creates the Service `default/web` of type LoadBalancer. */
export async function createWebService(client: KubeClient): Promise<void> {
  await client.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
}

/** Number of Nodes that a cloud controller has initialized. */
export async function initializedNodes(client: KubeClient): Promise<number> {
  const { items } = await client.list(nodes);
  return items.filter(({ spec }) => spec?.providerID && !spec.taints?.some((taint) => taint.key === TAINT.key)).length;
}

/** The address that the Service shows, undefined while there is none. */
export async function serviceAddress(client: KubeClient): Promise<string | undefined> {
  const service = await client.get(services, { namespace: 'default', name: 'web' });
  const [ingress] = service?.status?.loadBalancer?.ingress ?? [];
  return ingress?.ip ?? ingress?.hostname;
}

/** Nodes, Services and the latest events as tables. */
export async function clusterTables(client: KubeClient): Promise<string> {
  const [nodeList, serviceList, eventList] = await Promise.all([
    client.list(nodes),
    client.list(services),
    client.list(events),
  ]);
  const balanced = serviceList.items.filter(({ spec }) => spec?.type === 'LoadBalancer');
  return [
    textTable(
      ['NODE', 'PROVIDER ID', 'TYPE', 'REGION', 'INTERNAL IP', 'EXTERNAL IP', 'INITIALIZED'],
      nodeList.items.map(nodeRow),
    ),
    '',
    textTable(['SERVICE', 'TYPE', 'PORTS', 'EXTERNAL IP'], balanced.map(serviceRow)),
    '',
    textTable(['EVENT', 'ABOUT', 'REASON', 'MESSAGE'], eventList.items.slice(-8).map(eventRow)),
  ].join('\n');
}

function nodeRow(node: KubeNode): readonly string[] {
  const address = (type: string): string => node.status?.addresses?.find((entry) => entry.type === type)?.address ?? '';
  const label = (key: string): string => node.metadata?.labels?.[key] ?? '';
  return [
    node.metadata?.name ?? '',
    node.spec?.providerID ?? '',
    label('node.kubernetes.io/instance-type'),
    label('topology.kubernetes.io/region'),
    address('InternalIP'),
    address('ExternalIP'),
    node.spec?.taints?.some(({ key }) => key === TAINT.key) ? 'no' : 'yes',
  ];
}

function serviceRow({ metadata, spec, status }: KubeService): readonly string[] {
  const ports = (spec?.ports ?? []).map(({ port, protocol }) => `${port}/${protocol}`).join(', ');
  return [`${metadata?.namespace}/${metadata?.name}`, spec?.type ?? '', ports, addressesOf(status) || 'pending'];
}

function addressesOf(status: KubeService['status']): string {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname).join(', ');
}

function eventRow(event: KubeEvent): readonly string[] {
  const about = `${event.involvedObject.kind}/${event.involvedObject.name}`;
  return [event.type ?? '', about, event.reason ?? '', (event.message ?? '').slice(0, 80)];
}
