// What a cloud provider implements. The controllers of this package call it; apps/*-ccm provide it. The mapping to Go's
// interface is in docs/architecture.md: gone = InstanceExists false, stopped = InstanceShutdown true, unknown = an error,
// not-mine = ImplementedElsewhere, in-progress = RetryError, an absent property = the `false` of Go's tuple.
import type { Clock, Logger, Metrics, Runnable, Source } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient, KubeNode, KubeService, Lister, NeededRight } from '@longshore/k8s-runtime';

/** A cloud. Absent parts are not supported: their controllers are skipped. */
export interface CloudProvider {
  /** The scheme of its provider IDs: `digitalocean` in `digitalocean://123`. */
  readonly name: string;
  /** Schemes of its provider IDs, older ones too: Nodes with any other are left alone (I12). Absent: only `lookup` decides. */
  readonly providerIdSchemes?: readonly string[];
  readonly instances?: Instances;
  readonly loadBalancers?: LoadBalancers;
  readonly routes?: Routes;
  /** False with `--allow-untagged-cloud=false` refuses the start, as in the Go programs; absent means the cloud needs none. */
  readonly hasClusterId?: boolean;
  /** What the balancers of this provider need in the cluster beyond what every service controller needs: asked for at the start. */
  readonly serviceRights?: readonly NeededRight[];
  /**
   * Called once as leader, while the API server and the caches are still waited for: asks the cloud what the first look-ups will need,
   * so that they find it in the provider's own cache. Reads only. A rejection means nothing: who needs the answer asks again.
   */
  warmUp?(signal: AbortSignal): Promise<void>;
  /** Called once as leader, before any controller starts. Loops of its own go to `context.keepRunning`. */
  start?(context: ProviderContext): Promise<void>;
  /**
   * What the provider's own loops would do now about things that are neither balancers nor routes (firewalls, tags): one plan
   * for each thing, also when it has no steps. Called after `start`, by `plan` and in a dry run. Reads, never writes.
   */
  otherPlans?(cluster: ClusterView, signal: AbortSignal): Promise<readonly OtherPlan[]>;
  /** For `/readyz`: rejects when the cloud cannot be reached. Must be cheap: called at most every 30 s. */
  ping?(signal: AbortSignal): Promise<void>;
}

/** What a provider may use of the program around it. */
export interface ProviderContext {
  readonly clusterName: string;
  readonly client: KubeClient;
  readonly nodes: Lister<KubeNode>;
  readonly services: Lister<KubeService>;
  /** Changes of Nodes as they come; absent in commands, which look once. */
  readonly nodeChanges?: Source<KubeNode> | undefined;
  /** Changes of Services as they come; absent in commands, which look once. */
  readonly serviceChanges?: Source<KubeService> | undefined;
  /**
   * Runs a loop of the provider's own together with the controllers: until the stop, which waits for it; one that rejects ends
   * the program. Not run in a dry run or a command: there `otherPlans` says what it would do.
   */
  readonly keepRunning: (loop: Runnable) => void;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Plan and print, change nothing, neither in the cloud nor in the cluster. */
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
}

/** Answers where the machines of Nodes are. */
export interface Instances {
  /**
   * Looks up many Nodes at once, by provider ID first, by name only where there is none. The map has an entry for each
   * Node that is this cloud's; a Node without an entry is somebody else's and is left alone. One failing look-up is an
   * `unknown` entry; a rejection means that nothing is known of any of them.
   */
  lookup(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>>;
}

/**
 * What is known of a Node's machine. Only `gone` may remove anything, and only a direct answer of the cloud ("no such
 * machine", by ID) makes it; absence from a list, errors and doubts are `unknown`.
 */
export type InstanceFinding =
  | { readonly state: 'running' | 'stopped'; readonly metadata: InstanceMetadata }
  | { readonly state: 'gone' }
  | { readonly state: 'unknown'; readonly error: unknown };

/** Facts of a machine that go onto its Node. */
export interface InstanceMetadata {
  /** `<provider>://<id>`; '' only where the cloud has none (then the Node's own must be there). */
  readonly providerId: string;
  /** '' = do not label; the same for zone and region. */
  readonly instanceType: string;
  readonly zone: string;
  readonly region: string;
  /** Order is kept. */
  readonly addresses: readonly NodeAddress[];
  readonly additionalLabels: Readonly<Record<string, string>>;
}

/** One entry of `status.addresses`. */
export interface NodeAddress {
  readonly type: 'Hostname' | 'InternalIP' | 'ExternalIP' | 'InternalDNS' | 'ExternalDNS';
  readonly address: string;
}

/** Load balancers of Services. The controller calls at most one of these at a time for one Service. */
export interface LoadBalancers {
  /** Creates or brings into line; `nodes` are the targets after the controller's filter (spec §4.4), possibly none. */
  ensure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerResult>;
  /** Idempotent: also succeeds when nothing is there. Only a confirmed absence is `removed`. */
  remove(service: KubeService, signal: AbortSignal): Promise<RemovalResult>;
  /** The steps that `ensure` would take now (`remove`'s for a Service that is leaving), unapplied. Reads, never writes. */
  plan(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan>;
  /** Pure: what is wrong with the Service's annotations and spec. For admission, events and `explain`. */
  problems(service: KubeService): readonly Problem[];
  /** Balancers of this cluster that none of these Services owns: reported at start (I19), listed by `orphans`. */
  orphans?(services: readonly KubeService[], signal: AbortSignal): Promise<readonly OrphanedBalancer[]>;
  /**
   * Annotations of Services that the provider writes itself, and `spec.loadBalancerIP` where it writes that: a change of one is looked
   * at, but is no news to the Service's owner.
   */
  readonly ownAnnotations?: readonly string[];
  /** Pure: the owner has taken the Service out of this provider's hands. It gets no finalizer and no event then. Absent: never. */
  isDisowned?(service: KubeService): boolean;
  /**
   * Removes one of them for `orphans --delete`, unless the cloud, asked again, or one of these Services (read right before) shows that
   * it belongs to somebody by now. Called again while it is in progress. Absent: nothing is removed.
   */
  removeOrphan?(
    orphan: OrphanedBalancer,
    services: readonly KubeService[],
    signal: AbortSignal,
  ): Promise<OrphanRemoval>;
}

/** How far a balancer is. `changes` names in words what this call changed, empty when it only looked. */
export type LoadBalancerResult =
  | {
      readonly kind: 'ready';
      readonly status: LoadBalancerStatus;
      readonly changes: readonly string[];
      /** It serves, but a change has to wait. */
      readonly unfinished?: { readonly checkAgainMs: number; readonly waitingFor: string };
    }
  | {
      readonly kind: 'in-progress';
      readonly checkAgainMs: number;
      readonly waitingFor: string;
      readonly changes: readonly string[];
    }
  | { readonly kind: 'not-mine' };

/** How far a removal is. */
export type RemovalResult =
  | { readonly kind: 'removed'; readonly changes: readonly string[] }
  | {
      readonly kind: 'in-progress';
      readonly checkAgainMs: number;
      readonly waitingFor: string;
      readonly changes: readonly string[];
    };

/** `status.loadBalancer` of a Service. */
export interface LoadBalancerStatus {
  readonly ingress: readonly LoadBalancerIngress[];
}

/** One address of a balancer. `ipMode` belongs to `ip` only and counts as `VIP` when absent. */
export interface LoadBalancerIngress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: 'VIP' | 'Proxy';
  readonly ports?: readonly { readonly port: number; readonly protocol: string; readonly error?: string }[];
}

/** An unapplied plan, for people and programs. */
export interface LoadBalancerPlan {
  /** What is wanted, as the cloud would be told; undefined when the Service is not this provider's. */
  readonly wanted?: object;
  /** What was found; undefined when there is none. */
  readonly found?: object;
  /** In the order of application; each has a `kind`. */
  readonly steps: readonly PlannedStep[];
  /** What hinders progress, in words: "the balancer is being created". */
  readonly blockedBy: readonly string[];
  /** What the Service shall show as things are; absent while that is not known. */
  readonly status?: LoadBalancerStatus;
}

/** One step as data (`kind` and its arguments) with a sentence for people. */
export interface PlannedStep {
  readonly kind: string;
  readonly summary: string;
  readonly detail?: unknown;
}

/** The cluster as it is at one moment. */
export interface ClusterView {
  readonly nodes: readonly KubeNode[];
  readonly services: readonly KubeService[];
}

/** The unapplied plan for one thing in the cloud that is neither a balancer nor a route. */
export interface OtherPlan {
  /** In the cloud's words: `{ kind: 'Firewall', name: 'k8s-public-access' }`. */
  readonly subject: { readonly kind: string; readonly name: string };
  /** Who applies it while the program runs, as the log names it: `firewall-controller`. */
  readonly controller: string;
  /** In the order of application. */
  readonly steps: readonly (PlannedStep & { readonly why: string })[];
  /** What is left out because a Service must be changed first; the steps hold for all others. */
  readonly problems?: readonly (Problem & { readonly service: KubeService })[];
  /** What could not be found out, in words: no step follows from it. */
  readonly unknown?: readonly string[];
}

/** Something wrong with an object that its owner must change. */
export interface Problem {
  /** The annotation key or field path. */
  readonly field: string;
  readonly value?: string;
  /** Names key, value and the allowed values. */
  readonly message: string;
  /** `error` stops the sync of this Service, `warning` is told by an event. */
  readonly severity: 'error' | 'warning';
}

/** A balancer that nobody owns. */
export interface OrphanedBalancer {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

/** What became of one orphan; `removed` also when somebody else was quicker. */
export type OrphanRemoval =
  | { readonly kind: 'removed' }
  | { readonly kind: 'in-progress'; readonly checkAgainMs: number; readonly waitingFor: string }
  | { readonly kind: 'kept'; readonly reason: string };

/** Pod routes in the cloud's network. */
export interface Routes {
  list(clusterName: string, signal: AbortSignal): Promise<readonly Route[]>;
  create(clusterName: string, nameHint: string, route: Route, signal: AbortSignal): Promise<void>;
  remove(clusterName: string, route: Route, signal: AbortSignal): Promise<void>;
}

/** One route. */
export interface Route {
  /** The cloud's name for it; ignored on create. */
  readonly name: string;
  readonly targetNode: string;
  readonly destinationCidr: string;
  readonly isBlackhole: boolean;
  /** Present only where the cloud routes to addresses: a change of the Node's addresses then replaces the route. */
  readonly targetNodeAddresses?: readonly NodeAddress[];
}
