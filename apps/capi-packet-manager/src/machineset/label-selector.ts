// Structured label selectors (metav1.LabelSelector) of sets and deployments. Pure. An empty one selects nothing, because one that selects
// everything would adopt every machine of the namespace.
import type { LabelSelector } from '../api/objects.ts';

type Labels = Readonly<Record<string, string>>;
type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

/** A selector that was understood. */
export interface ReadSelector {
  /** Whether an object with these labels is selected. */
  readonly selects: (labels: Labels | undefined) => boolean;
  /** As `status.labelSelector` has it, for the scale subresource. */
  readonly text: string;
}

/** Reads a selector; undefined when an operator is unknown or lacks its values. */
export function readSelector(selector: LabelSelector | undefined): ReadSelector | undefined {
  const wanted: readonly Requirement[] = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
      key,
      operator: 'In' as const,
      values: [value],
    })),
    ...(selector?.matchExpressions ?? []),
  ];
  if (!wanted.every(isValid)) return undefined;
  return {
    selects: (labels = {}) => wanted.length > 0 && wanted.every((requirement) => holds(requirement, labels)),
    text: wanted.map(textOf).join(','),
  };
}

function isValid({ operator, values }: Requirement): boolean {
  const hasValues = (values ?? []).length > 0;
  if (operator === 'In' || operator === 'NotIn') return hasValues;
  return (operator === 'Exists' || operator === 'DoesNotExist') && !hasValues;
}

function holds({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    // As in Kubernetes: what has no such label is selected too.
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

function textOf({ key, operator, values = [] }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    default:
      return `!${key}`;
  }
}
