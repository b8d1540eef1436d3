// Names of what provider-components.yaml makes: those of the Go programs' manifests where they had one, so that ours can be applied over
// them. Objects of the two parts differ by prefix and namespace only.
import { GENERIC_NAMESPACE, PACKET_NAMESPACE } from '../api/names.ts';

/** Image of manager and clusterctl; `IMG` of the Makefile. */
export const DEFAULT_IMAGE = 'packethost/cluster-api-provider-packet:latest';

/** What stands in the credentials Secret while nobody has put the real values in. clusterctl replaces it from the environment. */
export const PLACEHOLDERS = { apiKey: '${PACKET_API_KEY}', projectID: '${PACKET_PROJECT_ID}' } as const;

/** Labels by which Services and StatefulSets find their pods. Selectors cannot be changed, so these stay. */
export const POD_LABELS = { 'control-plane': 'controller-manager', 'controller-tools.k8s.io': '1.0' } as const;

/** One of the two parts. */
export interface Part {
  /** Value of `--controllers`. */
  readonly controllers: 'packet' | 'generic';
  readonly namespace: string;
  readonly statefulSet: string;
  readonly service: string;
  readonly account: string;
  readonly role: string;
  readonly binding: string;
}

/** Sets, deployments, Node links. */
export const GENERIC_PART: Part = partOf('generic', GENERIC_NAMESPACE, 'cluster-api');
/** Clusters and machines. */
export const PACKET_PART: Part = partOf('packet', PACKET_NAMESPACE, 'cluster-api-provider-packet');

/** Start of the name of the ConfigMap with machine_configs.yaml; a hash of its content follows. */
export const MACHINE_SETUP_PREFIX = 'cluster-api-provider-packet-machine-setup';

function partOf(controllers: Part['controllers'], namespace: string, prefix: string): Part {
  return {
    controllers,
    namespace,
    statefulSet: `${prefix}-controller-manager`,
    service: `${prefix}-controller-manager-service`,
    account: `${prefix}-controller-manager`,
    role: `${prefix}-manager-role`,
    binding: `${prefix}-manager-rolebinding`,
  };
}
