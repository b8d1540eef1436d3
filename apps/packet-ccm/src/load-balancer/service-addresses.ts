// Which addresses the Services of the cluster have or want. Pure: from their specs, annotations and shown status; what this process is
// about to give away (claims) is added by the caller.
import { canonicalIp, mayOwnBalancer } from '@longshore/cloud-provider';
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { readSettings } from '../annotations.ts';
import type { RenamedKeys, Settings } from '../annotations.ts';
import { isControlPlaneService } from '../control-plane/control-plane-service.ts';
import type { ServiceName } from './announcer.ts';

/** One use of an address by a Service. */
export interface AddressUse {
  readonly address: string;
  readonly service: KubeService;
  /** Its status has it: it may be announced. Else it is only wished for. */
  readonly isShown: boolean;
}

/** Namespace and name. */
export function nameOf({ metadata }: KubeService): ServiceName {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

/** A Service that wants to keep its balancer. */
export function isStaying({ metadata, spec }: KubeService): boolean {
  return (
    spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && metadata?.deletionTimestamp === undefined
  );
}

/** The addresses that a Service shows. */
export function shownAddresses({ status }: KubeService): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => canonicalIp(ip ?? '') ?? []);
}

/** `spec.loadBalancerIP`; `undefined` for none, and for what is no address. */
export function notedAddress({ spec }: KubeService): string | undefined {
  return canonicalIp(spec?.loadBalancerIP?.trim() ?? '');
}

/** Addresses that a Service asks for by name. */
export function askedAddresses(service: KubeService, settings: Settings): readonly string[] {
  const noted = notedAddress(service);
  return settings.address ?? (noted === undefined ? [] : [noted]);
}

/** The uses by all Services but `except`. Those that are leaving count while their status shows an address. */
export function addressUses(
  services: readonly KubeService[],
  except: KubeService,
  keys: RenamedKeys,
): readonly AddressUse[] {
  const others = services.filter(
    (other) => keyOf(other) !== keyOf(except) && mayOwnBalancer(other) && !isControlPlaneService(other),
  );
  return others.flatMap((service) => {
    const shown = shownAddresses(service);
    const { settings } = readSettings(service.metadata?.annotations, keys);
    const asked = isStaying(service) ? askedAddresses(service, settings) : [];
    return [...new Set([...shown, ...asked])].map((address) => ({
      address,
      service,
      isShown: shown.includes(address),
    }));
  });
}
