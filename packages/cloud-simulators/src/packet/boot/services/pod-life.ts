// Pods of a machine: nothing of them runs. Mirrors of the static pods are put into the API, because kubeadm finds the members of etcd by
// them; other pods are said to run as soon as they are bound to the node, and are gone when they are deleted.
import { refusalOf } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiObject } from './node-object.ts';
import { mirrorPod } from './static-pod-plan.ts';
import type { RunningPod } from './static-pods.ts';

/** The node that the pods are on. */
export interface PodHost {
  readonly name: string;
  readonly uid: string;
  readonly address: string | undefined;
  readonly isPretending: boolean;
}

const MIRROR = 'kubernetes.io/config.mirror';

/** Makes the pods in the API what the machine says. */
export async function syncPods(client: ApiClient, host: PodHost, statics: readonly RunningPod[]): Promise<void> {
  const listed = await client.call({ method: 'GET', path: `/api/v1/pods?fieldSelector=spec.nodeName%3D${host.name}` });
  if (listed.status !== 200) throw new Error(`the pods cannot be listed: ${refusalOf(listed)}`);
  const pods = (listed.body as { readonly items: readonly ApiObject[] }).items;
  await syncMirrors(client, { host, pods, statics });
  for (const pod of pods) {
    if (pod.metadata?.annotations?.[MIRROR] === undefined) await (host.isPretending && pretend(client, host, pod));
    else if (pod.status?.['phase'] !== 'Running') await sayRunning(client, host, pod);
  }
}

interface Mirrors {
  readonly host: PodHost;
  readonly pods: readonly ApiObject[];
  readonly statics: readonly RunningPod[];
}

async function syncMirrors(client: ApiClient, { host, pods, statics }: Mirrors): Promise<void> {
  const mirrors = pods.filter(({ metadata }) => metadata?.annotations?.[MIRROR] !== undefined);
  const fits = (pod: ApiObject): boolean =>
    pod.metadata?.deletionTimestamp === undefined &&
    statics.some(({ hash }) => hash === pod.metadata?.annotations?.[MIRROR]);
  for (const mirror of mirrors) if (!fits(mirror)) await remove(client, mirror);
  const there = mirrors.filter(fits).map(({ metadata }) => metadata?.annotations?.[MIRROR]);
  for (const { hash, pod, namespace } of statics) {
    if (there.includes(hash)) continue;
    const body = mirrorPod(pod, host, hash);
    const made = await client.call({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body });
    if (made.status !== 201 && made.status !== 409) throw new Error(`a mirror pod was refused: ${refusalOf(made)}`);
  }
}

async function pretend(client: ApiClient, host: PodHost, pod: ApiObject): Promise<void> {
  if (pod.metadata?.deletionTimestamp !== undefined) return remove(client, pod);
  if (pod.status?.['phase'] === 'Pending') await sayRunning(client, host, pod);
}

async function remove(client: ApiClient, pod: ApiObject): Promise<void> {
  await client.call({ method: 'DELETE', path: pathOf(pod), body: { gracePeriodSeconds: 0 } });
}

async function sayRunning(client: ApiClient, host: PodHost, pod: ApiObject): Promise<void> {
  const path = `${pathOf(pod)}/status`;
  const answer = await client.call({ method: 'PATCH', path, body: { status: runningStatus(pod, host) } });
  if (answer.status !== 200 && answer.status !== 404) {
    throw new Error(`the status of pod ${pod.metadata?.name} was refused: ${refusalOf(answer)}`);
  }
}

function runningStatus(pod: ApiObject, host: PodHost): object {
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  const containers = (pod.spec?.['containers'] ?? []) as readonly { readonly name: string; readonly image: string }[];
  const address = host.address;
  const isOnHost = pod.spec?.['hostNetwork'] === true && address !== undefined;
  return {
    phase: 'Running',
    startTime: now,
    conditions: types.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
    ...(isOnHost ? { hostIP: address, podIP: address, podIPs: [{ ip: address }] } : {}),
    containerStatuses: containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  };
}

function pathOf({ metadata }: ApiObject): string {
  return `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`;
}
