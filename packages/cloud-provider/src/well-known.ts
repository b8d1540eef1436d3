// Keys that are contract with Kubernetes and with the Go programs (spec/ccm-core.md §0). The docs' tables are made from here.

/** Taint of a Node that no cloud controller has initialized yet. */
export const TAINT_UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';
/** Taint of a Node whose machine is switched off; effect NoSchedule, no value. */
export const TAINT_SHUTDOWN = 'node.cloudprovider.kubernetes.io/shutdown';
/** Taint of a Node that the cluster autoscaler is about to remove. */
export const TAINT_AUTOSCALER_DELETES = 'ToBeDeletedByClusterAutoscaler';
/** What kubelet was told by `--node-ip`. */
export const ANNOTATION_PROVIDED_NODE_IP = 'alpha.kubernetes.io/provided-node-ip';
/** Zone labels, beta form first: it is the source of truth after initialization. */
export const LABEL_ZONE_BETA = 'failure-domain.beta.kubernetes.io/zone';
/** Zone label. */
export const LABEL_ZONE = 'topology.kubernetes.io/zone';
/** Region label, beta form. */
export const LABEL_REGION_BETA = 'failure-domain.beta.kubernetes.io/region';
/** Region label. */
export const LABEL_REGION = 'topology.kubernetes.io/region';
/** Instance type label, beta form. */
export const LABEL_INSTANCE_TYPE_BETA = 'beta.kubernetes.io/instance-type';
/** Instance type label. */
export const LABEL_INSTANCE_TYPE = 'node.kubernetes.io/instance-type';
/** Keeps a Node out of load balancers. */
export const LABEL_EXCLUDE_FROM_BALANCERS = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** Keeps a Service until its balancer is gone. */
export const FINALIZER_LOAD_BALANCER = 'service.kubernetes.io/load-balancer-cleanup';
/** Source ranges where the field is empty. */
export const ANNOTATION_SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
/** A Node with this label (any value but `false`) is left alone by all controllers of this program: it belongs to somebody else. */
export const LABEL_IGNORE_NODE = 'longshore.dev/ignore-node';
