// Where objects of a kind live on an API server: a table for the kinds that our manifests hold, discovery for all others.
import { KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { onChange } from '@longshore/reconciler-core';
import type { AnyObject, AnyType } from '../kube-kinds.ts';

const CLUSTER_SCOPED: Readonly<Record<string, string>> = {
  'v1/Namespace': 'namespaces',
  'v1/PersistentVolume': 'persistentvolumes',
  'apiextensions.k8s.io/v1/CustomResourceDefinition': 'customresourcedefinitions',
  'rbac.authorization.k8s.io/v1/ClusterRole': 'clusterroles',
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': 'clusterrolebindings',
  'storage.k8s.io/v1/StorageClass': 'storageclasses',
  'storage.k8s.io/v1/CSIDriver': 'csidrivers',
};
const NAMESPACED: Readonly<Record<string, string>> = {
  'v1/ConfigMap': 'configmaps',
  'v1/Secret': 'secrets',
  'v1/Service': 'services',
  'v1/ServiceAccount': 'serviceaccounts',
  'apps/v1/StatefulSet': 'statefulsets',
  'apps/v1/Deployment': 'deployments',
  'apps/v1/DaemonSet': 'daemonsets',
  'rbac.authorization.k8s.io/v1/Role': 'roles',
  'rbac.authorization.k8s.io/v1/RoleBinding': 'rolebindings',
  'cluster.k8s.io/v1alpha1/Cluster': 'clusters',
  'cluster.k8s.io/v1alpha1/Machine': 'machines',
  'cluster.k8s.io/v1alpha1/MachineSet': 'machinesets',
  'cluster.k8s.io/v1alpha1/MachineDeployment': 'machinedeployments',
  'cluster.k8s.io/v1alpha1/MachineClass': 'machineclasses',
};

/** The type of the object; rejects with a 404 that passes while its CRD is not there yet. */
export async function typeOf(client: KubeClient, object: AnyObject, signal: AbortSignal): Promise<AnyType> {
  const { apiVersion = '', kind = '' } = object;
  return knownType(apiVersion, kind) ?? discover(client, { apiVersion, kind }, signal);
}

/** From the table. */
export function knownType(apiVersion: string, kind: string): AnyType | undefined {
  const name = `${apiVersion}/${kind}`;
  const plural = CLUSTER_SCOPED[name] ?? NAMESPACED[name];
  if (plural === undefined) return undefined;
  return { ...groupOf(apiVersion), kind, plural, isNamespaced: CLUSTER_SCOPED[name] === undefined };
}

function groupOf(apiVersion: string): { readonly group: string; readonly version: string } {
  const [first = '', second] = apiVersion.split('/');
  return second === undefined ? { group: '', version: first } : { group: first, version: second };
}

interface Discovered {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

async function discover(
  client: KubeClient,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  signal: AbortSignal,
): Promise<AnyType> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { status, body } = await client.raw({ method: 'GET', path }, { signal });
  const { resources = [] } = status === 200 ? (JSON.parse(body) as Discovered) : {};
  const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
  if (!found) throw unknownKind(apiVersion, kind, client);
  return { ...groupOf(apiVersion), kind, plural: found.name, isNamespaced: found.namespaced };
}

function unknownKind(apiVersion: string, kind: string, client: KubeClient): KubeApiError {
  const message = `unable to recognize ${kind} (${apiVersion}): ${client.server} does not serve that kind`;
  return new KubeApiError({ status: 404, reason: 'NotFound', message }, onChange);
}
