// Every name of the v1alpha1 API that is a contract: groups, labels, annotations, finalizers, Secrets. Kept from the Go programs where they
// had one (Cluster API v0.1.x, its Packet provider up to v0.1.0); what is ours alone has the prefix of OWN_PREFIX.

/** Group of Cluster, Machine, MachineSet, MachineDeployment and MachineClass. */
export const CLUSTER_GROUP = 'cluster.k8s.io';
/** Group of the Packet types inside `providerSpec.value`. */
export const PACKET_GROUP = 'packetprovider.k8s.io';
/** The only version of both groups. */
export const API_VERSION = 'v1alpha1';

/** Where the generic controllers run. */
export const GENERIC_NAMESPACE = 'cluster-api-system';
/** Where the Packet manager, the credentials and the sealing key are. */
export const PACKET_NAMESPACE = 'cluster-api-provider-packet-system';

/** Label: the Cluster that a Machine, set or deployment belongs to. */
export const CLUSTER_LABEL = 'cluster.k8s.io/cluster-name';
/** Label that tells sets of one MachineDeployment apart, on set, selector, template and machines. */
export const TEMPLATE_HASH_LABEL = 'machine-template-hash';

/** Finalizer of a Cluster. */
export const CLUSTER_FINALIZER = 'cluster.cluster.k8s.io';
/** Finalizer of a Machine. */
export const MACHINE_FINALIZER = 'machine.cluster.k8s.io';
/** The garbage collector's. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

const OWN_PREFIX = 'cluster-api-provider-packet';

/** Annotations of Machines, MachineSets, MachineDeployments, Clusters and Nodes. */
export const annotations = {
  /** Machine: id of the one attempt to create its device, a UUID; the tag of the device ends in it. Written before the call. */
  machineUid: 'cluster.k8s.io/machine-uid',
  /** Machine: `true`, as the Go provider wrote it. */
  ofPacket: OWN_PREFIX,
  /** Node: `<namespace>/<machine>`. */
  machineOfNode: 'cluster.k8s.io/machine',
  /** Machine: RFC 3339 time of the last POST for its device; written before that POST. */
  createRequestedAt: `${OWN_PREFIX}/create-requested-at`,
  /** Machine: the device's id, once known. */
  deviceId: `${OWN_PREFIX}/device-id`,
  /** Machine: id of the Packet project that its device was asked of; the project in the spec may be edited afterwards. */
  projectId: `${OWN_PREFIX}/project-id`,
  /** Machine: the attempt whose device the API could not bring up; the next one that fails is the last. */
  failedAttempt: `${OWN_PREFIX}/failed-attempt`,
  /** Cluster: the attempt (`machineUid`) of the one machine that runs `kubeadm init`. Written before the call for its device. */
  initAttempt: `${OWN_PREFIX}/init-attempt`,
  /** Machine: any value; it goes first when its set shrinks. */
  deleteMachine: 'cluster.k8s.io/delete-machine',
  /** Cluster, Machine, set, deployment: any value; nothing is done to it. Set by people. */
  paused: 'cluster.k8s.io/paused',
  /** Every object while clusterctl moves it to another cluster: id of the move. As good as paused. */
  moving: `${OWN_PREFIX}/moving`,
  /** MachineSet and MachineDeployment: running number of the roll-out. */
  revision: 'machinedeployment.clusters.k8s.io/revision',
  /** MachineSet: comma list of former revisions. */
  revisionHistory: 'machinedeployment.clusters.k8s.io/revision-history',
  /** MachineSet: replicas of the deployment when it was last scaled. */
  desiredReplicas: 'machinedeployment.clusters.k8s.io/desired-replicas',
  /** MachineSet: replicas and surge of the deployment when it was last scaled. */
  maxReplicas: 'machinedeployment.clusters.k8s.io/max-replicas',
} as const;

/** Secret with the keys `apiKey` and `projectID`, in PACKET_NAMESPACE. */
export const CREDENTIALS_SECRET = `${OWN_PREFIX}-credentials`;
/** Secret with the key `key` (32 bytes), in PACKET_NAMESPACE: seals private keys in the Secrets below. */
export const SEALING_SECRET = `${OWN_PREFIX}-sealing-key`;
/** The Go provider's Secret of a CA, in PACKET_NAMESPACE, keys `certificate` and `key`: read once and taken over. */
export const legacyCaSecret = (cluster: string): string => `${OWN_PREFIX}-ca-${cluster}`;

/** Secrets of a Cluster, in its namespace, owned by it. Names and keys as today's Cluster API has them where it has them. */
export const clusterSecrets = {
  /** `tls.crt`, `tls.key` (sealed). */
  ca: (cluster: string): string => `${cluster}-ca`,
  /** `tls.crt`, `tls.key` (sealed): CA of etcd. */
  etcdCa: (cluster: string): string => `${cluster}-etcd`,
  /** `tls.crt`, `tls.key` (sealed): CA of the front proxy. */
  frontProxyCa: (cluster: string): string => `${cluster}-proxy`,
  /** `tls.crt` (public key), `tls.key` (sealed): signs service account tokens. */
  serviceAccount: (cluster: string): string => `${cluster}-sa`,
  /** `tls.crt`, `tls.key` (sealed): the administrator's client certificate. */
  admin: (cluster: string): string => `${cluster}-admin`,
  /** `token` (sealed), `expiration` (RFC 3339): the bootstrap token of the cluster. */
  token: (cluster: string): string => `${cluster}-token`,
  /** `value`: kubeconfig in clear, because that is what others read. */
  kubeconfig: (cluster: string): string => `${cluster}-kubeconfig`,
} as const;
