// Readers of a Service: the few facts that the deciders of this folder use.
import type { KubeService } from '@longshore/k8s-runtime';

/** One port of a Service, defaults filled in. */
export interface ServicePort {
  readonly port: number;
  readonly protocol: string;
  /** 0 when none was allocated. */
  readonly nodePort: number;
}

/** The ports in their order. */
export function portsOf(service: KubeService): readonly ServicePort[] {
  return (service.spec?.ports ?? []).map(({ port, protocol, nodePort }) => ({
    port,
    protocol: protocol ?? 'TCP',
    nodePort: nodePort ?? 0,
  }));
}

/** `namespace/name`, for messages. */
export function nameOfService(service: KubeService): string {
  return `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`;
}

/** The UID; '' for an object that no API server has seen. */
export function uidOf(service: KubeService): string {
  return service.metadata?.uid ?? '';
}
