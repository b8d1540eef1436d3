// Builders of a cluster with everything that belongs to it, as it lies on a management cluster.
import type { KubeClient } from '@longshore/k8s-runtime';
import type { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import {
  CLUSTER_FINALIZER,
  CLUSTER_LABEL,
  clusterSecrets,
  MACHINE_FINALIZER,
  PACKET_NAMESPACE,
  SEALING_SECRET,
} from '../../api/names.ts';
import type { Cluster, Machine, MachineDeployment, MachineSet, ObjectMeta, OwnerReference } from '../../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../../api/resources.ts';
import { secrets, statefulSets } from '../kube-kinds.ts';

/** A Cluster `default/web`. */
export function aCluster(over: Partial<ObjectMeta> = {}): Cluster {
  return {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'web', namespace: 'default', finalizers: [CLUSTER_FINALIZER], ...over },
    spec: {
      clusterNetwork: {
        services: { cidrBlocks: ['172.25.0.0/16'] },
        pods: { cidrBlocks: ['172.26.0.0/16'] },
        serviceDomain: 'cluster.local',
      },
      providerSpec: { value: { projectID: '93125c2a-8b78-4d4f-a3c4-7367d6b7cca8' } },
    },
  };
}

/** A worker, or a master when `controlPlane` is given. */
export function aMachine(name: string, over: Partial<ObjectMeta> = {}, controlPlane?: string): Machine {
  return {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Machine',
    metadata: {
      name,
      namespace: 'default',
      labels: { [CLUSTER_LABEL]: 'web' },
      finalizers: [MACHINE_FINALIZER],
      annotations: { 'cluster.k8s.io/machine-uid': `attempt-of-${name}` },
      ...over,
    },
    spec: {
      providerSpec: {
        value: {
          projectID: '93125c2a-8b78-4d4f-a3c4-7367d6b7cca8',
          facility: ['ewr1'],
          machineType: 'c3.small.x86',
          OS: 'ubuntu_24_04',
          billingCycle: 'hourly',
        },
      },
      versions: { kubelet: '1.36.3', ...(controlPlane === undefined ? {} : { controlPlane }) },
    },
  };
}

/** A deployment of three workers. */
export function aDeployment(name: string, over: Partial<ObjectMeta> = {}): MachineDeployment {
  const { spec } = aMachine(name);
  const labels = { [CLUSTER_LABEL]: 'web', set: name };
  return {
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'MachineDeployment',
    metadata: { name, namespace: 'default', labels, ...over },
    spec: {
      replicas: 3,
      selector: { matchLabels: { set: name } },
      template: { metadata: { labels }, spec: spec ?? {} },
    },
  };
}

function owner(object: {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}): OwnerReference {
  const { apiVersion = '', kind = '', metadata: { name = '', uid = '' } = {} } = object;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Puts cluster `default/web` there: a master, and for each deployment a set and a machine; Secrets; running managers. Returns how many objects move. */
export async function seedCluster(client: KubeClient, deployments: readonly string[]): Promise<number> {
  const cluster = await client.create(clusters, aCluster());
  const ownedBy = (object: object): Partial<ObjectMeta> => ({ ownerReferences: [owner(object)] });
  for (const nameOf of Object.values(clusterSecrets)) {
    const metadata = { name: nameOf('web'), namespace: 'default', ...ownedBy(cluster) };
    await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: { value: 'c2VjcmV0' } });
  }
  await client.create(machines, aMachine('web-master-0', ownedBy(cluster), '1.36.3'));
  for (const name of deployments) {
    const labels = { [CLUSTER_LABEL]: 'web', set: name };
    const deployment = await client.create(machineDeployments, aDeployment(name, ownedBy(cluster)));
    const { spec } = deployment;
    const metadata = { name: `${name}-1`, namespace: 'default', labels, ...ownedBy(deployment) };
    const set = await client.create(machineSets, {
      apiVersion: 'cluster.k8s.io/v1alpha1',
      kind: 'MachineSet',
      metadata,
      spec: {
        replicas: 1,
        ...(spec?.selector ? { selector: spec.selector } : {}),
        ...(spec?.template ? { template: spec.template } : {}),
      },
    } satisfies MachineSet);
    await client.create(machines, aMachine(`${name}-1-x`, { labels, ...ownedBy(set) }));
  }
  return 1 + Object.keys(clusterSecrets).length + 1 + 3 * deployments.length;
}

/** The provider's Secrets and StatefulSets. */
export function seedProvider(client: FakeKubeClient, sealingKey: string): void {
  const at = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
  client.put(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: at, data: { key: sealingKey } });
  const metadata = { namespace: PACKET_NAMESPACE, name: 'controller-manager' };
  client.put(statefulSets, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: { replicas: 1 } });
}
