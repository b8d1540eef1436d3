// The limit of the routers: a project that announces more prefixes than its BGP allows loses all its sessions until support resets them.
// So an address more than the limit is not announced, and not even reserved. Pure. What is announced already stays, whatever the limit.
import { backoff, OperatorError } from '@longshore/reconciler-core';
import { familyOf } from '../annotation-values.ts';
import type { Family } from '../annotation-values.ts';
import { addressOf } from './address-block.ts';
import { isAutomatic, isOfCluster } from './reservation-tags.ts';
import type { AddressFacts, AddressPlan } from './resolve.ts';
import { shownAddresses } from './service-addresses.ts';

/** What the API allows a project that has said nothing else. */
export const USUAL_MAX_PREFIXES = 10;

/** A limit, and who says so. 0: none. */
export interface PrefixLimit {
  readonly most: number;
  readonly source: 'project' | 'setting';
}

/** Throws when the Service's addresses would be too many. */
export function refuseTooManyPrefixes(plans: readonly AddressPlan[], facts: AddressFacts, limit: PrefixLimit): void {
  if (limit.most === 0) return;
  const shown = shownAddresses(facts.service);
  for (const plan of plans) {
    const address = addressIn(plan);
    if (address !== undefined && shown.includes(address)) continue;
    const { ours, others } = announced(plan.family, facts);
    // One that is there already is counted; one that is to be made has no name yet.
    const all = new Set([...ours, ...others, address ?? 'planned']);
    if (all.size > limit.most) throw tooMany(limit, ours.size, others.size);
  }
}

function addressIn(plan: AddressPlan): string | undefined {
  return plan.kind === 'found' || plan.kind === 'take' ? plan.address : undefined;
}

// Other clusters of the project are counted as far as tags show their addresses: better one too few than all sessions lost.
function announced(
  family: Family,
  { reservations, uses, claimed, clusterId }: AddressFacts,
): { readonly ours: ReadonlySet<string>; readonly others: ReadonlySet<string> } {
  const made = reservations.filter((one) => one.family === family && isAutomatic(one));
  const addresses = (list: typeof made): readonly string[] => list.flatMap((one) => addressOf(one) ?? []);
  const isOfFamily = (address: string): boolean => familyOf(address) === family;
  const shown = uses.filter(({ isShown }) => isShown).map(({ address }) => address);
  const ours = new Set([
    ...addresses(made.filter((one) => isOfCluster(one, clusterId))),
    ...[...shown, ...claimed].filter(isOfFamily),
  ]);
  const others = new Set(addresses(made.filter((one) => !isOfCluster(one, clusterId))).filter((one) => !ours.has(one)));
  return { ours, others };
}

function tooMany({ most, source }: PrefixLimit, ours: number, others: number): OperatorError {
  const foreign = others === 0 ? '' : ` and ${others} by others of the project`;
  const whose = source === 'project' ? 'the BGP of the project allows' : 'METAL_BGP_MAX_PREFIXES allows';
  const message =
    `${whose} ${most} announced addresses, and ${ours} are announced by this cluster${foreign}: one more would make the routers drop all ` +
    `sessions; when support has raised the limit, set METAL_BGP_MAX_PREFIXES (0 for no limit)`;
  return new OperatorError('BGP_PREFIX_LIMIT', message, backoff);
}
