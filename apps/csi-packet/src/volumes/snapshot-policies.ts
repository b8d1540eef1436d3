// Snapshots that the storage makes by itself, as a StorageClass asks for them. Pure. A mistake is always refused: nobody would miss the
// snapshots before they are needed.
import type { SnapshotPolicy } from '@longshore/packet-api';
import { invalidArgument } from '../server/csi-error.ts';

/** The parameter's name. */
export const POLICIES_PARAMETER = 'snapshotPolicies';

/** A policy that is asked for. */
export interface PolicyWish {
  readonly frequency: (typeof FREQUENCIES)[number];
  /** How many snapshots are kept. */
  readonly count: number;
}

const FREQUENCIES = ['1hour', '1day', '1week', '1month', '1year'] as const;
const MOST = 999;
const FORM = `write FREQUENCY:COUNT, several with commas between them; FREQUENCY is one of ${FREQUENCIES.join(', ')}, COUNT a whole number from 1 to ${MOST}`;

/** `1day:7,1week:4` to policies; none for an empty text. Throws INVALID_ARGUMENT for all else. */
export function parseSnapshotPolicies(text: string): readonly PolicyWish[] {
  const policies = text.trim() === '' ? [] : text.split(',').map((part) => parsePolicy(part.trim()));
  const twice = policies.find(({ frequency }, at) => policies.findIndex((one) => one.frequency === frequency) !== at);
  if (twice !== undefined) {
    throw invalidArgument(`parameter "${POLICIES_PARAMETER}" has ${twice.frequency} more than once: say it once`);
  }
  return policies;
}

/** Those that a volume does not have. One that the API shows as a link only is taken for the first that would be missing. */
export function missingPolicies(
  wished: readonly PolicyWish[],
  there: readonly SnapshotPolicy[],
): readonly PolicyWish[] {
  const links = there.filter(({ frequency }) => frequency === undefined).length;
  return wished.filter((one) => !there.some(({ frequency }) => frequency === one.frequency)).slice(links);
}

/** Why a volume is not what is asked for; policies that somebody added are no reason. */
export function policyProblem(wished: readonly PolicyWish[], there: readonly SnapshotPolicy[]): string | undefined {
  for (const { frequency, count } of wished) {
    const other = there.find((one) => one.frequency === frequency && one.count !== undefined && one.count !== count);
    if (other !== undefined) return `keeps ${other.count} snapshots of ${frequency}, not ${count}`;
  }
  return undefined;
}

function parsePolicy(part: string): PolicyWish {
  const [, name, digits] = /^(\w+):(\d{1,3})$/.exec(part) ?? [];
  const frequency = FREQUENCIES.find((one) => one === name);
  const count = Number(digits);
  if (frequency === undefined || count < 1) {
    throw invalidArgument(`parameter "${POLICIES_PARAMETER}" has "${part}": ${FORM}`);
  }
  return { frequency, count };
}
