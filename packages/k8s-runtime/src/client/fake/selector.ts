// Label and field selectors as the API server understands them, as far as this project uses them. Pure; for FakeKubeClient.
import type { Selection } from '../kube-client.ts';
import type { KubeObject } from '../resource-type.ts';

type Lookup = (name: string) => string | undefined;

/** True when the object is in the namespace and matches both selectors. */
export function isSelected(object: KubeObject, selection: Selection): boolean {
  const { namespace, labelSelector = '', fieldSelector = '' } = selection;
  if (namespace && object.metadata?.namespace !== namespace) return false;
  const { labels = {} } = (object.metadata ?? {}) as { labels?: Readonly<Record<string, string>> };
  return matches(labelSelector, (name) => labels[name]) && matches(fieldSelector, (path) => fieldOf(object, path));
}

function matches(selector: string, lookup: Lookup): boolean {
  // Commas inside `in (a,b)` separate values, not requirements.
  const requirements = selector.split(/,(?![^(]*\))/).map((part) => part.trim());
  return requirements.every((requirement) => requirement === '' || meets(requirement, lookup));
}

function meets(requirement: string, lookup: Lookup): boolean {
  const [, name = '', operator, values = ''] = /^(\S+) (in|notin) \(([^)]*)\)$/.exec(requirement) ?? [];
  if (operator === undefined) return meetsComparison(requirement, lookup);
  const value = lookup(name);
  const isIn = value !== undefined && values.split(',').some((candidate) => candidate.trim() === value);
  return isIn === (operator === 'in');
}

function meetsComparison(requirement: string, lookup: Lookup): boolean {
  const [, name = '', operator, value = ''] = /^([^!=]+?)\s*(==|=|!=)\s*(.*)$/.exec(requirement) ?? [];
  if (operator !== undefined) return (lookup(name) === value) === (operator !== '!=');
  return requirement.startsWith('!') ? lookup(requirement.slice(1)) === undefined : lookup(requirement) !== undefined;
}

function fieldOf(object: KubeObject, path: string): string | undefined {
  let value: unknown = object;
  for (const part of path.split('.')) value = (value as Readonly<Record<string, unknown>> | undefined)?.[part];
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
