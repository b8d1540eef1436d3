// Flags about the cloud, the cluster and the connection to it, with the names of k8s.io/cloud-provider (spec §6.1). Defaults that differ
// from Go's are DESIGN decisions: no client-side limit, priority and fairness of the API server does that better.
import {
  atLeast,
  boolFlag,
  defineFlags,
  durationFlag,
  enumFlag,
  floatFlag,
  intFlag,
  stringFlag,
} from '@longshore/k8s-runtime/process';

const cloud = 'Cloud provider';
const client = 'API client';

/** `--cloud-provider`, `--cluster-*`, `--configure-cloud-routes` and their like. */
export const cloudFlags = defineFlags({
  'cloud-provider': stringFlag({ group: cloud, help: 'The provider for cloud services. Must not be empty.' }),
  'cloud-config': stringFlag({
    group: cloud,
    help: "The path to the cloud provider's configuration file. Empty for no file.",
  }),
  'allow-untagged-cloud': boolFlag({
    default: false,
    group: cloud,
    help: 'Start although the provider cannot tell its own cluster from others in the account.',
    deprecated: 'name the cluster as the provider asks for instead',
  }),
  'cluster-name': stringFlag({ default: 'kubernetes', group: cloud, help: 'The instance prefix for the cluster.' }),
  'cluster-cidr': stringFlag({
    group: cloud,
    help: 'CIDR range for Pods in the cluster, two joined by a comma for dual-stack. Needed for cloud routes.',
  }),
  'configure-cloud-routes': boolFlag({
    default: true,
    group: cloud,
    help: 'Should CIDRs allocated to Nodes be configured on the cloud provider. Without routes in the provider nothing is done.',
  }),
  'allocate-node-cidrs': boolFlag({
    default: false,
    group: cloud,
    help: 'Should CIDRs for Pods be allocated and set on the cloud provider.',
    withoutEffect: 'kube-controller-manager allocates them; routes depend on --configure-cloud-routes alone',
  }),
  'cidr-allocator-type': enumFlag({
    default: 'RangeAllocator',
    values: ['RangeAllocator', 'CloudAllocator', 'IPAMFromCluster', 'IPAMFromCloud'],
    group: cloud,
    help: 'Type of CIDR allocator to use.',
    withoutEffect: 'kube-controller-manager allocates CIDRs',
  }),
  'external-cloud-volume-plugin': stringFlag({
    group: cloud,
    help: 'The plugin to use when cloud provider is set to external.',
    withoutEffect: 'volumes are the business of CSI drivers',
  }),
});

/** Where the API server is and how hard it may be pressed. */
export const clientFlags = defineFlags({
  kubeconfig: stringFlag({
    group: client,
    help: 'Path to kubeconfig file with authorization and master location information. Empty: the service account of the pod.',
  }),
  master: stringFlag({
    group: client,
    help: 'The address of the Kubernetes API server (overrides any value in kubeconfig).',
  }),
  'kube-api-qps': floatFlag({
    default: 0,
    group: client,
    help: 'QPS to use while talking with the Kubernetes API server, for each client. 0: as many as the API server takes.',
    validate: atLeast(0),
  }),
  'kube-api-burst': intFlag({
    default: 0,
    group: client,
    help: 'Burst to use while talking with the Kubernetes API server. 0: the QPS rounded up.',
    validate: atLeast(0),
  }),
  'kube-api-content-type': stringFlag({
    default: 'application/json',
    group: client,
    help: 'Content type of requests sent to the API server.',
    withoutEffect: 'JSON is spoken; the API server answers it alike',
  }),
  'use-service-account-credentials': boolFlag({
    default: false,
    group: client,
    help: 'Use individual service account credentials for each controller (node-controller, service-controller, route-controller in kube-system).',
  }),
  'min-resync-period': durationFlag({
    default: '12h',
    group: client,
    help: 'The resync period of caches.',
    withoutEffect: 'caches follow watches and compare complete lists after each interruption',
  }),
});
