// The Service that stands for the control plane's own address. Pure. Made and fed by this folder; its address belongs to the control plane
// and to no pool, no BGP route is configured for it and no elastic IP is reserved for it.
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';

/** Its name, as in the Go program. */
export const CONTROL_PLANE_SERVICE = {
  namespace: 'kube-system',
  name: 'cloud-provider-equinix-metal-kubernetes-external',
} as const;

const KEY = `${CONTROL_PLANE_SERVICE.namespace}/${CONTROL_PLANE_SERVICE.name}`;

/** It is that Service. */
export function isControlPlaneService(service: Pick<KubeService, 'metadata'>): boolean {
  return keyOf(service) === KEY;
}
