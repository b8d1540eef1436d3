// Which labels a Node gets from the cloud, and how the old (beta) and the new form of one label are kept equal. Pure; node-plan.ts calls
// it. Surprising: after initialization the beta form is the source of truth, as in every Kubernetes release since 1.17.
import type { InstanceMetadata } from '../provider.ts';
import {
  LABEL_INSTANCE_TYPE,
  LABEL_INSTANCE_TYPE_BETA,
  LABEL_REGION,
  LABEL_REGION_BETA,
  LABEL_ZONE,
  LABEL_ZONE_BETA,
} from '../well-known.ts';

/** Labels by key. */
export type LabelSet = Readonly<Record<string, string>>;

/** Labels to set, and what the cloud asked for in vain. */
export interface CloudLabels {
  /** Only what differs from the present labels. */
  readonly changes: LabelSet;
  readonly warnings: readonly string[];
}

const PAIRS = [
  { beta: LABEL_INSTANCE_TYPE_BETA, stable: LABEL_INSTANCE_TYPE, valueOf: (of: InstanceMetadata) => of.instanceType },
  { beta: LABEL_ZONE_BETA, stable: LABEL_ZONE, valueOf: (of: InstanceMetadata) => of.zone },
  { beta: LABEL_REGION_BETA, stable: LABEL_REGION, valueOf: (of: InstanceMetadata) => of.region },
];
// The domains of Kubernetes itself: a cloud must not set labels there.
const RESERVED_KEY = /(^|\.)(kubernetes|k8s)\.io\//;

/**
 * Labels that the cloud gives: type, zone and region overwrite; additional labels leave a present value alone unless
 * `overwritesAdditional` (I8: then the cloud is the source of truth for them too).
 */
export function cloudLabels(
  metadata: InstanceMetadata,
  present: LabelSet,
  { overwritesAdditional }: { readonly overwritesAdditional: boolean },
): CloudLabels {
  const wanted: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(metadata.additionalLabels)) {
    const kept = present[key];
    if (RESERVED_KEY.test(key))
      warnings.push(`the additional label ${key} is in a domain of Kubernetes and is left out`);
    else if (kept === undefined || overwritesAdditional) wanted[key] = value;
    else if (kept !== value) warnings.push(`the label ${key} keeps its value ${kept}, the cloud says ${value}`);
  }
  for (const { beta, stable, valueOf } of PAIRS) {
    const value = valueOf(metadata);
    if (value !== '') Object.assign(wanted, { [beta]: value, [stable]: value });
  }
  return { changes: differing(wanted, present), warnings };
}

/** Stable labels that are missing or differ although their beta form is there. Needs no cloud. */
export function stableLabelChanges(present: LabelSet): LabelSet {
  const wanted: Record<string, string> = {};
  for (const { beta, stable } of PAIRS) {
    const value = present[beta];
    if (value !== undefined) wanted[stable] = value;
  }
  return differing(wanted, present);
}

function differing(wanted: LabelSet, present: LabelSet): LabelSet {
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => present[key] !== value));
}
