// Parameters of StorageClasses and VolumeAttributesClasses. Pure. The Go program took every word that it did not know for the standard
// plan, so a typing mistake made a slow volume.
import { invalidArgument } from '../server/csi-error.ts';
import { parseSnapshotPolicies, POLICIES_PARAMETER } from './snapshot-policies.ts';
import type { PolicyWish } from './snapshot-policies.ts';
import { parseStoragePlan, PLAN_WORDS } from './storage-plan.ts';
import type { StoragePlan } from './storage-plan.ts';

const OF_KUBERNETES = 'csi.storage.k8s.io/';
const KNOWN = ['plan', POLICIES_PARAMETER];
const TAGS: Readonly<Record<string, string>> = {
  [`${OF_KUBERNETES}pvc/name`]: 'pvc',
  [`${OF_KUBERNETES}pvc/namespace`]: 'namespace',
  [`${OF_KUBERNETES}pv/name`]: 'pv',
};

/** What the parameters ask for. */
export interface VolumeParameters {
  readonly plan: StoragePlan;
  readonly snapshotPolicies: readonly PolicyWish[];
  readonly tags: Readonly<Record<string, string>>;
  /** What was passed over because of `--lenient-parameters`. */
  readonly warnings: readonly string[];
}

type Parameters = Readonly<Record<string, string>>;

/** Reads both kinds; the mutable ones win. Throws INVALID_ARGUMENT for what is not known. */
export function parseParameters(parameters: Parameters, mutable: Parameters, isLenient: boolean): VolumeParameters {
  const warnings: string[] = [];
  const refuse = (problem: string): void => {
    if (!isLenient) throw invalidArgument(`${problem}; --lenient-parameters takes it for the standard plan`);
    warnings.push(problem);
  };
  const own = Object.entries(parameters).filter(([key]) => !key.startsWith(OF_KUBERNETES));
  for (const [key] of own)
    if (!KNOWN.includes(key)) refuse(`unknown parameter "${key}": known are ${KNOWN.join(' and ')}`);
  const word = parameters['plan'] ?? '';
  const plan = word === '' ? 'standard' : parseStoragePlan(word);
  if (plan === undefined) refuse(`unknown plan "${word}": use ${PLAN_WORDS}`);
  const tags = Object.entries(parameters).flatMap(([key, value]) => (TAGS[key] ? [[TAGS[key], value] as const] : []));
  return {
    plan: parseMutableParameters(mutable) ?? plan ?? 'standard',
    snapshotPolicies: parseSnapshotPolicies(parameters[POLICIES_PARAMETER] ?? ''),
    tags: Object.fromEntries(tags),
    warnings,
  };
}

/** The plan that mutable parameters ask for; `undefined`: none. There was no older program that took anything else. */
export function parseMutableParameters(mutable: Parameters): StoragePlan | undefined {
  for (const key of Object.keys(mutable)) {
    if (key !== 'plan') throw invalidArgument(`unknown mutable parameter "${key}": only "plan" is known`);
  }
  const word = mutable['plan'];
  if (word === undefined) return undefined;
  const plan = parseStoragePlan(word);
  if (plan === undefined) throw invalidArgument(`unknown plan "${word}": use ${PLAN_WORDS}`);
  return plan;
}
