// What callers see: the options of a cluster and the running one. start-cluster.ts starts it.
import type { ControlPlane, Kubectl } from '@longshore/embedded-control-plane';

/** Options of startCluster; every one has a default. */
export interface ClusterOptions {
  /** Default `longshore-node`, which no resolver knows. */
  readonly nodeName?: string;
  /** `external`: the kubelet leaves addresses, provider ID and the uninitialized taint to a cloud controller manager. Default `none`. */
  readonly cloudProvider?: 'external' | 'none';
  /** Whether pods get a network from the start; else with `installNetwork()`. Default true. */
  readonly network?: boolean;
  /** Archives of images that are loaded before the kubelet starts. */
  readonly images?: readonly string[];
  /** Further flags of the API server (`--name=value`). */
  readonly apiServerArgs?: readonly string[];
  /** Told of builds that take long, and of each step. */
  readonly onProgress?: (message: string) => void;
  /** Told when a part ends without having been stopped. */
  readonly onFailure?: (error: Error) => void;
  /** Gives up the start. */
  readonly signal?: AbortSignal | undefined;
}

/** A running cluster of one node. */
export interface RunningCluster {
  /** The administrator's, reachable from this machine and from pods of the host's network. */
  readonly kubeconfigPath: string;
  readonly nodeName: string;
  /** The node's own address. */
  readonly nodeAddress: string;
  /** The address of this machine that the node and its pods reach: simulators of a test listen here. */
  readonly hostAddress: string;
  /** Everything that the cluster writes; one log file per part. It is removed by `stop()`, or when this process ends. */
  readonly folder: string;
  /** A process of the node in this machine's numbering: `nsenter --target PID --net --mount --uts --pid` enters it. */
  readonly nodePid: number;
  readonly controlPlane: ControlPlane;
  /** Real kubectl as administrator. Rejects when it fails or the API server warned. */
  readonly kubectl: Kubectl;
  /** Imports an archive (`docker save`, `npm run image -- NAME --format docker-archive`, OCI); resolves with the names of its images. */
  loadImage(tarPath: string): Promise<readonly string[]>;
  /** Runs a command in the node's namespaces as root; resolves with what it printed. */
  nodeExec(command: readonly [string, ...string[]], input?: string): Promise<string>;
  /** Gives pods a network (CNI bridge). */
  installNetwork(): Promise<void>;
  /** Takes the CNI configuration away: the node is not ready, and only pods with the host's network start. */
  removeNetwork(): Promise<void>;
  /** Ends the kubelet and starts it again; containers go on running. */
  restartKubelet(): Promise<void>;
  /** Deletes the Node and lets the kubelet register it again, as it came from the factory. */
  resetNode(): Promise<void>;
  /** Ends everything and removes every trace. Safe to call twice. */
  stop(): Promise<void>;
}
