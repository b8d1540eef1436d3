// The objects of cluster.k8s.io/v1alpha1 as JSON (Cluster API v0.1.x) and the Packet types inside them. Statuses hold nothing that cannot be
// rebuilt, because a move to another cluster loses them; what must survive is in spec and annotations.
import type { KubeObject } from '@longshore/k8s-runtime';

/** Metadata as we use it. */
export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** As in metav1. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** As in metav1. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

/** As in metav1; `reason` is a word, `message` a sentence that names the object and the remedy. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** What a provider understands, or a reference to the MachineClass that has it. */
export interface ProviderSpec {
  readonly value?: Readonly<Record<string, unknown>>;
  readonly valueFrom?: { readonly machineClass?: { readonly name: string; readonly namespace?: string } };
}

/** One cluster. */
export interface Cluster extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: {
    readonly clusterNetwork?: {
      readonly services?: { readonly cidrBlocks?: readonly string[] };
      readonly pods?: { readonly cidrBlocks?: readonly string[] };
      readonly serviceDomain?: string;
    };
    readonly providerSpec?: ProviderSpec;
    /** Ours: nothing of this cluster is changed while it is true. */
    readonly paused?: boolean;
  };
  readonly status?: {
    readonly apiEndpoints?: readonly { readonly host: string; readonly port: number }[];
    readonly errorReason?: ClusterErrorReason;
    readonly errorMessage?: string;
    readonly providerStatus?: PacketClusterProviderStatus;
    readonly conditions?: readonly Condition[];
  };
}

/** Reasons of Cluster API v0.1.x. */
export type ClusterErrorReason =
  'InvalidConfiguration' | 'UnsupportedChange' | 'CreateError' | 'UpdateError' | 'DeleteError';

/** Reasons of Cluster API v0.1.x. */
export type MachineErrorReason =
  | 'InvalidConfiguration'
  | 'UnsupportedChange'
  | 'InsufficientResources'
  | 'CreateError'
  | 'UpdateError'
  | 'DeleteError'
  | 'JoinClusterTimeoutError';

/** What a Machine asks for, also inside templates. */
export interface MachineSpec {
  /** Labels and annotations for the Node. */
  readonly metadata?: Pick<ObjectMeta, 'labels' | 'annotations'>;
  readonly taints?: readonly Taint[];
  readonly providerSpec?: ProviderSpec;
  /** `x.y.z`, without `v`. `controlPlane` makes it a control plane machine. */
  readonly versions?: { readonly kubelet?: string; readonly controlPlane?: string };
  /** `packet://<device id>`; `equinixmetal://<device id>` is read as the same. */
  readonly providerID?: string;
}

/** As in core/v1. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** One server that is a Node. */
export interface Machine extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: MachineSpec;
  readonly status?: {
    readonly nodeRef?: { readonly kind: 'Node'; readonly name: string; readonly uid: string };
    readonly lastUpdated?: string;
    readonly versions?: { readonly kubelet?: string; readonly controlPlane?: string };
    readonly errorReason?: MachineErrorReason;
    readonly errorMessage?: string;
    readonly providerStatus?: PacketMachineProviderStatus;
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly Condition[];
    readonly phase?: MachinePhase;
  };
}

/** Pending: no device. Provisioning: not active yet. Provisioned: active, no Node. Running: Node ready. */
export type MachinePhase = 'Pending' | 'Provisioning' | 'Provisioned' | 'Running' | 'Deleting' | 'Failed';

/** What machines are made from. */
export interface MachineTemplate {
  readonly metadata?: Pick<ObjectMeta, 'labels' | 'annotations'>;
  readonly spec?: MachineSpec;
}

/** So many machines of one template. */
export interface MachineSet extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly deletePolicy?: 'Random' | 'Newest' | 'Oldest' | (string & {});
    readonly selector?: LabelSelector;
    readonly template?: MachineTemplate;
  };
  readonly status?: {
    readonly replicas?: number;
    readonly fullyLabeledReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
    readonly errorReason?: string;
    readonly errorMessage?: string;
    /** For the scale subresource; the Go program left it out. */
    readonly labelSelector?: string;
    readonly conditions?: readonly Condition[];
  };
}

/** Machine sets of changing templates, rolled from one to the next. */
export interface MachineDeployment extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: LabelSelector;
    readonly template?: MachineTemplate;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
    };
    readonly minReadySeconds?: number;
    readonly revisionHistoryLimit?: number;
    readonly paused?: boolean;
    readonly progressDeadlineSeconds?: number;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly unavailableReplicas?: number;
    readonly labelSelector?: string;
    readonly conditions?: readonly Condition[];
  };
}

/** A provider spec that several machines refer to. */
export interface MachineClass extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly providerSpec?: Readonly<Record<string, unknown>>;
}

/** `providerSpec.value` of a Cluster. */
export interface PacketClusterProviderSpec {
  readonly projectID: string;
  /**
   * Where the API server is reached. Absent: the first control plane machine's public address, so there can be only one such machine.
   * `elasticIP`: an elastic IP that is reserved in `facility` (default: that of the first control plane machine), so there can be several.
   * `host`: an address that somebody else looks after.
   */
  readonly controlPlaneEndpoint?:
    | { readonly type: 'elasticIP'; readonly facility?: string; readonly port?: number }
    | { readonly type: 'host'; readonly host: string; readonly port?: number };
}

/** `status.providerStatus` of a Cluster. */
export interface PacketClusterProviderStatus {
  readonly ready: boolean;
  /** `device`, `elastic-ip`, `host` or `operator`: who said what the endpoint is. */
  readonly endpointSource?: string;
  /** `sha256:<hex>` of the CA's public key, as kubeadm prints it. */
  readonly caFingerprint?: string;
}

/** `providerSpec.value` of a Machine. */
export interface PacketMachineProviderSpec {
  readonly projectID: string;
  /** Facility codes; the next is tried when the one before has no capacity. */
  readonly facility: readonly string[];
  /** The plan. */
  readonly machineType: string;
  /** Slug of the operating system. `os` is read too. */
  readonly OS: string;
  readonly billingCycle: string;
  readonly tags: readonly string[];
  /** `Master`: control plane. With `Node` too, pods are scheduled there. `Node` alone: worker. Empty: by `versions.controlPlane`. */
  readonly roles: readonly ('Master' | 'Node')[];
  /** Public keys (text or base64 of the file). Empty: the keys of the project. */
  readonly sshKeys: readonly string[];
}

/** `status.providerStatus` of a Machine. */
export interface PacketMachineProviderStatus {
  readonly deviceID?: string;
  readonly deviceState?: string;
  readonly provisioningPercentage?: number;
  readonly facility?: string;
  readonly attemptID?: string;
  readonly createRequestedAt?: string;
}
