// A Node that the pod host is: registered, kept alive by its lease, and the one who says how the pods bound to it are.
import { leases, nodes } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { pods } from './pod-objects.ts';
import type { Pod } from './pod-objects.ts';

const RENEW_MS = 5000;
const LEASE_SECONDS = 40;
const RESOURCES = { cpu: '64', memory: '256Gi', pods: '500', 'ephemeral-storage': '1Ti' };

/** See `OwnNode.register`. */
export class OwnNode {
  readonly name: string;
  readonly #client: KubeClient;
  #renewed = 0;

  private constructor(client: KubeClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /** Makes the Node. */
  static async register(client: KubeClient, name: string): Promise<OwnNode> {
    const now = nowText();
    const conditions = [
      { type: 'Ready', status: 'True', reason: 'PodHost', message: 'pods are processes' },
      ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
        type,
        status: 'False',
        reason: 'PodHost',
        message: '',
      })),
    ].map((condition) => ({ ...condition, lastHeartbeatTime: now, lastTransitionTime: now }));
    await client.create(nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
    const status = { capacity: RESOURCES, allocatable: RESOURCES, conditions };
    await client.patch(nodes, { name }, { kind: 'merge', body: { status } }, { subresource: 'status' });
    return new OwnNode(client, name);
  }

  /** The node controller takes a Node without a fresh lease for dead. */
  async renew(): Promise<void> {
    if (performance.now() - this.#renewed < RENEW_MS && this.#renewed > 0) return;
    const key = { namespace: 'kube-node-lease', name: this.name };
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: this.name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec };
    await this.#client.patch(leases, key, { kind: 'apply', body, fieldManager: 'pod-host', force: true });
    this.#renewed = performance.now();
  }

  /** The pod is Running and Ready. */
  async sayRunning(pod: Pod): Promise<void> {
    const now = nowText();
    const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
    const status = {
      phase: 'Running',
      startTime: now,
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      conditions: types.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
      containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
        name,
        image,
        imageID: image,
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: now } },
      })),
    };
    await this.#client.patch(pods, keyOfPod(pod), { kind: 'merge', body: { status } }, { subresource: 'status' });
  }

  /** Its process has ended: the API server may forget it. */
  async sayGone(pod: Pod): Promise<void> {
    const { namespace, name } = keyOfPod(pod);
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const preconditions = { uid: pod.metadata?.uid };
    await this.#client.raw({ method: 'DELETE', path, body: { gracePeriodSeconds: 0, preconditions } });
  }
}

function keyOfPod({ metadata }: Pod): { readonly namespace: string; readonly name: string } {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function nowText(): string {
  return new Date().toISOString().replace(/\.\d+/, '');
}
