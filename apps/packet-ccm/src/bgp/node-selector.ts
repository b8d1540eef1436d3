// Which Nodes get a BGP session: a label selector in Kubernetes' own notation, read once at the start. Pure.
import type { Parse } from '../config-values.ts';

/** Labels of a Node. */
export type Labels = Readonly<Record<string, string>>;

/** A selector. The empty one selects all. */
export interface NodeSelector {
  readonly text: string;
  matches(labels: Labels): boolean;
}

type Requirement = (labels: Labels) => boolean;

/** Selects every Node. */
export const ALL_NODES: NodeSelector = { text: '', matches: () => true };

const KEY = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/;
const USE = 'a label selector, such as bgp=yes, zone in (a,b) or !node-role.kubernetes.io/control-plane';

/** A selector's text to a selector. */
export const parseNodeSelector: Parse<NodeSelector> = (text) => {
  // Commas inside brackets divide values, not requirements.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const requirements = parts.map(parseRequirement);
  const known = requirements.filter((requirement) => requirement !== undefined);
  if (known.length < requirements.length) return { use: USE };
  return { text, matches: (labels) => known.every((requirement) => requirement(labels)) };
};

function parseRequirement(text: string): Requirement | undefined {
  return parseSet(text) ?? parseComparison(text) ?? parsePresence(text);
}

function parseSet(text: string): Requirement | undefined {
  const [, key = '', operator, list = ''] = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text) ?? [];
  const values = list.split(',').map((value) => value.trim());
  if (operator === undefined || !KEY.test(key) || !values.every((value) => VALUE.test(value))) return undefined;
  return (labels) => {
    const value = labels[key];
    return (value !== undefined && values.includes(value)) === (operator === 'in');
  };
}

function parseComparison(text: string): Requirement | undefined {
  const [, key = '', operator, value = ''] = /^([^\s=!<>]+)\s*(==|=|!=|<|>)\s*(\S*)$/.exec(text) ?? [];
  if (operator === undefined || !KEY.test(key)) return undefined;
  if (operator === '<' || operator === '>') return parseOrder(key, operator, value);
  if (!VALUE.test(value)) return undefined;
  return (labels) => (labels[key] === value) === (operator !== '!=');
}

function parseOrder(key: string, operator: '<' | '>', text: string): Requirement | undefined {
  if (!/^-?\d{1,15}$/.test(text)) return undefined;
  const bound = Number(text);
  return (labels) => {
    const value = labels[key];
    if (value === undefined || !/^-?\d{1,15}$/.test(value)) return false;
    return operator === '<' ? Number(value) < bound : Number(value) > bound;
  };
}

function parsePresence(text: string): Requirement | undefined {
  const isAbsence = text.startsWith('!');
  const key = isAbsence ? text.slice(1).trim() : text;
  return KEY.test(key) ? (labels) => (labels[key] === undefined) === isAbsence : undefined;
}
