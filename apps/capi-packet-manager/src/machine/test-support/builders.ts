// Clusters and Machines with one default each, and machine configurations that serve them.
import { CLUSTER_LABEL } from '../../api/names.ts';
import type { Cluster, Machine, MachineSpec } from '../../api/objects.ts';

/** Ubuntu, 1.36.0 and 1.35.x, both roles; 1.34.0 for workers only; one image twice. */
export const CONFIGS = `
items:
- name: ubuntu
  machineParams:
  - {image: ubuntu_22_04, versions: {kubelet: "1.36.0", controlPlane: "1.36.0"}, containerRuntime: containerd}
  - {image: ubuntu_22_04, versions: {kubelet: "1.36.0"}, containerRuntime: containerd}
  - {image: ubuntu_22_04, versions: {kubelet: "1.34.0"}, containerRuntime: containerd}
  - {image: ubuntu_20_04, versions: {kubelet: "1.36.0"}, containerRuntime: containerd}
  userdata: |
    echo "$ROLE"
- name: twice
  machineParams:
  - {image: ubuntu_20_04, versions: {kubelet: "1.36.0"}, containerRuntime: containerd}
  userdata: |
    echo twice
`;

/** Cluster `default/blue`, with an API endpoint. */
export function aCluster(
  { projectId }: { readonly projectId: string },
  wish: { readonly spec?: Cluster['spec']; readonly status?: Cluster['status']; readonly value?: object } = {},
): Cluster {
  return {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Cluster',
    metadata: { namespace: 'default', name: 'blue' },
    spec: {
      clusterNetwork: {
        services: { cidrBlocks: ['172.26.0.0/16'] },
        pods: { cidrBlocks: ['172.25.0.0/16'] },
        serviceDomain: 'cluster.local',
      },
      providerSpec: { value: { projectID: projectId, ...wish.value } },
      ...wish.spec,
    },
    status: wish.status ?? { apiEndpoints: [{ host: '198.51.100.7', port: 6443 }] },
  };
}

/** What can be different about a Machine. `value` is laid over the provider spec. */
export interface MachineWish {
  readonly name?: string;
  readonly spec?: MachineSpec;
  readonly value?: object;
  readonly metadata?: Machine['metadata'];
  readonly status?: Machine['status'];
}

/** A worker of `default/blue`. */
export function aWorker({ projectId }: { readonly projectId: string }, wish: MachineWish = {}): Machine {
  const value = {
    projectID: projectId,
    facility: ['ewr1', 'sjc1'],
    machineType: 'c3.small.x86',
    OS: 'ubuntu_22_04',
    billingCycle: 'hourly',
    ...wish.value,
  };
  return {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Machine',
    metadata: { namespace: 'default', name: wish.name ?? 'w-0', labels: { [CLUSTER_LABEL]: 'blue' }, ...wish.metadata },
    spec: { versions: { kubelet: '1.36.0' }, providerSpec: { value }, ...wish.spec },
    ...(wish.status && { status: wish.status }),
  };
}

/** A control plane machine of `default/blue`. */
export function aMaster(world: { readonly projectId: string }, wish: MachineWish = {}): Machine {
  const versions = { kubelet: '1.36.0', controlPlane: '1.36.0' };
  return aWorker(world, { name: 'm-0', ...wish, spec: { ...aWorker(world, wish).spec, versions, ...wish.spec } });
}

/** Owned by MachineSet `default/set`. */
export const ofSet: NonNullable<Machine['metadata']> = {
  ownerReferences: [
    { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'MachineSet', name: 'set', uid: 'set-uid', controller: true },
  ],
};
