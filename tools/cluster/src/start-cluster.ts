// Puts a cluster together: namespaces and link of the node, then control plane and containerd side by side, then the kubelet. Called by
// `npm run cluster -- up` and by specs. When a step fails, everything that was there before it goes.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { acquireBinary, kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { OperatorError, never } from '@longshore/reconciler-core';
import type { ClusterOptions, RunningCluster } from './cluster.ts';
import { clusterProblem, cniFolder } from './host-check.ts';
import { pauseImage } from './images/pause-program.ts';
import { NodeParts } from './node/node-parts.ts';
import { NodeNamespaces } from './node/node-namespaces.ts';
import type { NodeFacts } from './node/node-files.ts';
import { NodeInCluster } from './running-cluster.ts';

/** Undoes, in reverse order, what was done. */
type Undo = (() => Promise<void>)[];

/** Starts a cluster and resolves when its Node is registered; without an external cloud and with a network, when it is ready. */
export async function startCluster(options: ClusterOptions = {}): Promise<RunningCluster> {
  const problem = clusterProblem();
  if (problem !== undefined) throw new OperatorError('CLUSTER_PARTS_MISSING', problem, never);
  const undo: Undo = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await assemble(options, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(options: ClusterOptions, undo: Undo, stop: () => Promise<void>): Promise<RunningCluster> {
  const { onProgress: report = () => {}, signal } = options;
  // What takes minutes the first time comes first, while nothing is there that could be left behind.
  const kubelet = await acquireBinary('kubelet', undefined, { onProgress: report, signal });
  const pause = await pauseImage();
  const name = options.nodeName ?? 'longshore-node';
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-cluster-'));
  const cgroup = path.basename(folder);
  const namespaces = await NodeNamespaces.open({ folder, cgroup, name });
  undo.push(() => namespaces.close());
  const { addresses } = namespaces;
  const facts: NodeFacts = {
    ...{ folder, cgroup, name, addresses },
    cniFolder: cniFolder() ?? '',
    cloudProvider: options.cloudProvider ?? 'none',
  };
  const parts = new NodeParts(facts, namespaces, { kubelet, signal, onFailure: options.onFailure ?? (() => {}) });
  undo.push(() => parts.forget());
  report(`control plane at ${addresses.host}, containerd in the node`);
  const containerd = parts.startContainerd([pause, ...(options.images ?? [])]);
  // It is waited for below; until then its failure is not unhandled.
  containerd.catch(() => {});
  const controlPlane = await startControlPlaneFor(options, addresses.host);
  undo.push(() => controlPlane.stop());
  await containerd;
  await parts.openService(controlPlane.port);
  await writeCredentials(facts, controlPlane);
  const kubectl = await kubectlFor(controlPlane, { onProgress: report });
  const cluster = new NodeInCluster({ facts, namespaces, parts, controlPlane, kubectl, stop });
  if (options.network ?? true) await cluster.installNetwork();
  report('kubelet');
  await cluster.start(signal);
  return cluster;
}

function startControlPlaneFor(options: ClusterOptions, bindAddress: string): Promise<ControlPlane> {
  const { apiServerArgs, onProgress, onFailure, signal } = options;
  return startControlPlane({
    bindAddress,
    signal,
    controllers: true,
    kubelets: true,
    ...(apiServerArgs ? { apiServerArgs } : {}),
    ...(onProgress ? { onProgress } : {}),
    ...(onFailure ? { onFailure } : {}),
  });
}

async function writeCredentials({ folder, name }: NodeFacts, controlPlane: ControlPlane): Promise<void> {
  await writeFile(path.join(folder, 'ca.crt'), controlPlane.caCertPem);
  const certificateFor = `system:node:${name}`;
  await controlPlane.writeKubeconfig(path.join(folder, 'kubelet.kubeconfig'), {
    certificateFor,
    groups: ['system:nodes'],
  });
}
