// Commands that only look: `validate cluster`, `describe cluster`, `get kubeconfig`.
import { nodes } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { clusterSecrets } from '../../api/names.ts';
import { clusters } from '../../api/resources.ts';
import type { Machine } from '../../api/objects.ts';
import type { ClusterName, Host } from '../host.ts';
import { pods, secrets } from '../kube-kinds.ts';
import { listAll, observeScope } from '../pivot/observe-content.ts';
import { failure } from '../problem.ts';
import { soleCluster } from '../remove/delete-cluster.ts';
import { describeCluster } from './describe-plan.ts';
import { validateCluster } from './validate-plan.ts';

/** Which cluster, on which API server. */
export interface InspectOptions {
  readonly kubeconfig: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Prints the checks; resolves with whether all passed. */
export async function validate(options: InspectOptions, host: Host): Promise<boolean> {
  const { client, id, signal } = await find(options, host);
  const cluster = await client.get(clusters, id, { signal });
  if (!cluster)
    throw failure('CTL_CLUSTER_UNKNOWN', `there is no Cluster ${id.namespace}/${id.name} on ${client.server}`);
  const scope = await observeScope(client, id, signal);
  const machines = scope.objects.filter(({ type }) => type.kind === 'Machine').map(({ object }) => object as Machine);
  const verdict = validateCluster({
    cluster,
    machines,
    nodes: await listAll(client, nodes, { signal }),
    pods: await listAll(client, pods, { namespace: 'kube-system', signal }),
  });
  host.print(`${verdict.lines.join('\n')}\n`);
  return verdict.isHealthy;
}

/** Prints the tree. */
export async function describe(options: InspectOptions & { readonly isWhole: boolean }, host: Host): Promise<void> {
  const { client, id, signal } = await find(options, host);
  const lines = describeCluster(await observeScope(client, id, signal), options);
  if (lines.length === 0)
    throw failure('CTL_CLUSTER_UNKNOWN', `there is no Cluster ${id.namespace}/${id.name} on ${client.server}`);
  host.print(`${lines.join('\n')}\n`);
}

/** Prints the kubeconfig of a cluster, or writes it to a file (0600). */
export async function getKubeconfig(options: InspectOptions & { readonly out?: string }, host: Host): Promise<void> {
  const { client, id, signal } = await find(options, host);
  const name = clusterSecrets.kubeconfig(id.name);
  const secret = await client.get(secrets, { namespace: id.namespace, name }, { signal });
  const value = secret?.data?.['value'];
  if (value === undefined || value === '')
    throw failure(
      'CTL_KUBECONFIG_MISSING',
      `Secret ${id.namespace}/${name} is not on ${client.server}: the Cluster has none yet`,
    );
  const text = Buffer.from(value, 'base64').toString('utf8');
  if (options.out === undefined) return host.print(text);
  await host.writeSecretFile(options.out, text);
  host.print(`written to ${options.out}\n`);
}

interface Found {
  readonly client: KubeClient;
  readonly id: ClusterName;
  readonly signal: AbortSignal;
}

async function find({ kubeconfig, namespace, name }: InspectOptions, host: Host): Promise<Found> {
  const { signal } = host;
  const client = await host.connect(kubeconfig);
  const id =
    name === undefined ? await soleCluster(client, namespace, signal) : { namespace: namespace ?? 'default', name };
  return { client, id, signal };
}
