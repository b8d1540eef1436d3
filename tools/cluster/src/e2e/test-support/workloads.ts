// Manifests as the specs apply them: ours with the addresses of the simulated cloud, a second replica of them, and the Go program's. Pure.
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { inTree } from './images.ts';
import type { Cloud, EnvVariable, Provider } from './providers.ts';

/** A Kubernetes object. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly EnvVariable[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly [Container] };
    };
  };
}

const NAMESPACE = 'kube-system';
const SECOND_PORT = 10259;
const WORKLOADS = ['Deployment', 'DaemonSet'];

/** The objects of a YAML file. */
export function objectsOf(file: string): readonly KubeObject[] {
  const documents = parseAllDocuments(readFileSync(inTree(file), 'utf8'));
  return documents.map((document) => document.toJS() as KubeObject | null).filter((one) => one !== null);
}

/** The program's Secrets. */
export function secretsOf(provider: Provider, cloud: Cloud): readonly KubeObject[] {
  return provider.secrets(cloud).map(({ name, data }) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: NAMESPACE },
    stringData: data,
  }));
}

/** The program's own manifest, where it differs only in the address of the cloud. */
export function manifestOf(provider: Provider, cloud: Cloud): readonly KubeObject[] {
  return objectsOf(provider.manifest).map((one) =>
    isWorkload(one)
      ? withContainer(one, (container) => ({ ...container, env: merged(container, provider.env(cloud)) }))
      : one,
  );
}

/** The Deployment or DaemonSet in a manifest. */
export function workloadOf(objects: readonly KubeObject[]): KubeObject {
  const found = objects.find(isWorkload);
  if (!found) throw new Error('the manifest has no workload');
  return found;
}

/** One more replica on the same node, which a port of its own needs there: all else is the manifest's. */
export function secondReplica(objects: readonly KubeObject[]): KubeObject {
  const found = workloadOf(objects) as Workload;
  const name = `${found.metadata.name}-2`;
  const labels = { replica: 'second' };
  const moved = withContainer(found, ({ args = [], ports = [], ...container }) => ({
    ...container,
    args: [...args, `--secure-port=${SECOND_PORT}`],
    ports: ports.map((port) => ({ ...port, containerPort: SECOND_PORT })),
  }));
  const { template } = moved.spec;
  return {
    ...moved,
    metadata: { ...moved.metadata, name },
    spec: {
      ...moved.spec,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** The account and the rights that the Go programs' manifests have, and the Deployment with our image in place of theirs. */
export function goManifestOf({ go }: Provider, cloud: Cloud, image: string): readonly KubeObject[] {
  const name = 'go-cloud-controller-manager';
  const volume = { name: 'cloud-sa-volume', secret: { secretName: go.mounts } };
  const mount = { name: volume.name, readOnly: true, mountPath: '/etc/cloud-sa' };
  const container = {
    name,
    image,
    command: go.command,
    env: go.env(cloud),
    ...(go.mounts ? { volumeMounts: [mount] } : {}),
  };
  const tolerations = [
    { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
    { key: 'CriticalAddonsOnly', operator: 'Exists' },
  ];
  const pod = {
    ...{ dnsPolicy: 'Default', hostNetwork: true, serviceAccountName: name, tolerations, containers: [container] },
    ...(go.mounts ? { volumes: [volume] } : {}),
  };
  const labels = { app: name };
  const subject = { kind: 'ServiceAccount', name, namespace: NAMESPACE };
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules: GO_RULES },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name } },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [subject],
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: NAMESPACE } },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
  ];
}

// What the manifests of all three grant; leases: of those two that elect a leader.
const GO_RULES = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  { apiGroups: [''], resources: ['nodes'], verbs: ['*'] },
  { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
  { apiGroups: [''], resources: ['services', 'services/status'], verbs: ['list', 'patch', 'update', 'watch'] },
];

function isWorkload(one: KubeObject): one is Workload {
  return WORKLOADS.includes(one.kind);
}

function withContainer(one: Workload, change: (container: Container) => Container): Workload {
  const { template } = one.spec;
  const [container] = template.spec.containers;
  const spec = { ...template.spec, containers: [change(container)] as const };
  return { ...one, spec: { ...one.spec, template: { ...template, spec } } };
}

function merged({ env = [] }: Container, added: readonly EnvVariable[]): readonly EnvVariable[] {
  return [...env.filter(({ name }) => !added.some((one) => one.name === name)), ...added];
}
