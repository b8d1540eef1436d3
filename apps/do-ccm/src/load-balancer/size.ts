// How many nodes a balancer has. Two ways to say it; the API takes one.
import { ANNOTATIONS } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { wrong } from './problems.ts';
import type { Decided } from './problems.ts';

/** One of the two ways. */
export type Size = { readonly sizeUnit: number } | { readonly size: string };

/** Nodes behind the slugs, so that one way can be compared with the other. */
export const UNITS_OF_SLUG: Readonly<Record<string, number>> = { 'lb-small': 1, 'lb-medium': 3, 'lb-large': 6 };

/** Without annotations: one node, as the API would choose; so a size that was set by hand does not stay. */
export function desiredSize({ sizeSlug, sizeUnit }: Settings): Decided<Size> {
  const units = sizeUnit === 0 ? undefined : sizeUnit;
  if (sizeSlug === undefined) return { value: { sizeUnit: units ?? 1 }, problems: [] };
  if (units === undefined) return { value: { size: sizeSlug }, problems: [] };
  const message = `only one of LB size slug and size unit can be provided: remove annotation ${ANNOTATIONS.sizeSlug.key}`;
  return { value: { sizeUnit: units }, problems: [wrong(ANNOTATIONS.sizeSlug.key, message, sizeSlug)] };
}
