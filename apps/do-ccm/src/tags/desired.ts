// What shall carry the cluster's tag, and does not: balancers that are certainly a Service's of this cluster, and droplets of its Nodes. Pure.
// The Go program never tagged droplets: those of a cluster that was taken over stay untagged until the cluster gets a Node from us.
// Other people's balancers, disowned ones and those of another class stay as they are. Nothing is ever untagged here.
import { isWanted } from '@longshore/cloud-provider';
import type { ClusterView } from '@longshore/cloud-provider';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { Droplet, DropletId, LoadBalancer } from '@longshore/digitalocean-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import { parseProviderId } from '../instances/provider-id.ts';
import { identify } from '../load-balancer/ownership.ts';
import type { BalancerView } from '../load-balancer/ownership.ts';

/** All that is decided from. */
export interface TagFacts {
  readonly services: readonly KubeService[];
  /** Balancers of the account; absent when nobody needs them. */
  readonly balancers: BalancerView | undefined;
  /** Droplets of the Nodes, as far as lists know them. */
  readonly droplets: ReadonlyMap<DropletId, Droplet>;
  readonly clusterTag: string;
  /** A Node of this cluster is, or was, initialized by this program. */
  readonly hasNewNode: boolean;
}

/** What has to be tagged. */
export interface Untagged {
  readonly balancers: readonly LoadBalancer[];
  readonly droplets: readonly Droplet[];
}

/** Services whose balancers carry the tag. */
export function taggedServices({ services }: Pick<ClusterView, 'services'>): readonly KubeService[] {
  return services.filter((service) => isWanted(service) && !isLeaving(service) && !isDisowned(service));
}

/** Numbers of the droplets of the cluster's Nodes. */
export function dropletsOfNodes({ nodes }: Pick<ClusterView, 'nodes'>): readonly DropletId[] {
  const ids = nodes.flatMap((node) => {
    const parsed = parseProviderId(node.spec?.providerID);
    return parsed.kind === 'droplet' && !isLeaving(node) ? [parsed.id] : [];
  });
  return [...new Set(ids)];
}

/** Balancers and droplets of the cluster without its tag, each once. */
export function untagged(facts: TagFacts): Untagged {
  const lacksTag = ({ tags }: { readonly tags: readonly string[] }): boolean => !tags.includes(facts.clusterTag);
  return { balancers: ownBalancers(facts).filter(lacksTag), droplets: tagged(facts).filter(lacksTag) };
}

// Once one droplet has the tag, lists are asked for by it, and so all have to have it.
function tagged({ droplets, clusterTag, hasNewNode }: TagFacts): readonly Droplet[] {
  const all = [...droplets.values()];
  return hasNewNode || all.some(({ tags }) => tags.includes(clusterTag)) ? all : [];
}

function ownBalancers({ services, balancers, clusterTag }: TagFacts): readonly LoadBalancer[] {
  const own = new Map<string, LoadBalancer>();
  for (const service of balancers ? services : []) {
    const { settings } = readSettings(service.metadata?.annotations);
    const identity = identify({
      service,
      settings,
      view: balancers ?? noBalancers,
      services,
      clusterTag,
      isIdGone: false,
    });
    if (identity.kind === 'own') own.set(identity.balancer.id, identity.balancer);
  }
  return [...own.values()];
}

const noBalancers: BalancerView = { byId: () => undefined, byName: () => [] };

function isLeaving({ metadata }: KubeNode | KubeService): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

// Whoever tries to disown a balancer and mistypes the value does not want it touched either.
function isDisowned({ metadata }: KubeService): boolean {
  const { settings, problems } = readSettings(metadata?.annotations);
  return settings.disown === true || problems.some(({ field }) => field === ANNOTATIONS.disown.key);
}
