// Whether the pod network of addons.yaml is the one that cluster.yaml names: both are files that people edit, and where they differ pods get
// addresses that the control plane does not route. Known for flannel's `net-conf.json`; of other networks nothing is said. Pure.
import type { Cluster } from '../../api/objects.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { titleOf } from '../kube-kinds.ts';

const KEY = 'net-conf.json';

/** One line for each ConfigMap of `addons` whose network the Cluster does not have. */
export function podNetworkProblems(cluster: Cluster, addons: readonly AnyObject[]): readonly string[] {
  const wanted = cluster.spec?.clusterNetwork?.pods?.cidrBlocks ?? [];
  if (wanted.length === 0) return [];
  return addons.flatMap((object) => {
    const network = networkOf(object);
    if (network === undefined || wanted.includes(network)) return [];
    return [
      `${titleOf('ConfigMap', object)} of the addons: ${KEY} has the network ${network}, but spec.clusterNetwork.pods of ` +
        `${titleOf('Cluster', cluster)} is ${wanted.join(', ')}: write the same into both`,
    ];
  });
}

function networkOf(object: AnyObject): string | undefined {
  const { data } = object as { readonly data?: Readonly<Record<string, unknown>> };
  const text = object.kind === 'ConfigMap' ? data?.[KEY] : undefined;
  if (typeof text !== 'string') return undefined;
  try {
    const { Network: network } = JSON.parse(text) as { readonly Network?: unknown };
    return typeof network === 'string' ? network : undefined;
  } catch {
    return undefined;
  }
}
