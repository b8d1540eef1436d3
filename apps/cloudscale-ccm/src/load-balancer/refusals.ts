// What cannot be changed about a balancer that is there. Pure. Nothing of the Service is applied until the owner takes such a change back.
import type { LoadBalancer, VipWish } from '@longshore/cloudscale-api';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { canonicalAddress } from '../addresses.ts';
import type { WantedBalancer } from './desired.ts';

/** The refusal, if there is one. */
export function refusalOf(wanted: WantedBalancer, found: LoadBalancer): OperatorError | undefined {
  const texts = [
    ...(areVipsKept(wanted.vipAddresses, found)
      ? []
      : [`VIP addresses for ${found.href} changed, please re-create the service`]),
    ...(wanted.flavor === found.flavor ? [] : [changed('flavor', found.flavor, found)]),
    ...(wanted.zone === undefined || wanted.zone === found.zone ? [] : [changed('zone', found.zone, found)]),
  ];
  return texts.length === 0
    ? undefined
    : new OperatorError('LOAD_BALANCER_FIELD_IMMUTABLE', texts.join('; '), onChange);
}

function changed(what: string, before: string, { href }: LoadBalancer): string {
  return `${what} for ${href} changed, please configure the previous ${what} (${before}) or contact support`;
}

// By position; a wish without address takes whatever address the subnet gave.
function areVipsKept(wishes: readonly VipWish[], { vipAddresses }: LoadBalancer): boolean {
  if (wishes.length === 0) return true;
  return (
    wishes.length === vipAddresses.length &&
    wishes.every(({ subnet, address }, index) => {
      const vip = vipAddresses[index];
      const isSameAddress = address === undefined || address === canonicalAddress(vip?.address ?? '');
      return vip?.subnet?.id === subnet && isSameAddress;
    })
  );
}
