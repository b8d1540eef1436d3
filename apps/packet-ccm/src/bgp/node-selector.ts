// Which Nodes get a BGP session: the setting with a label selector, read once at the start. Pure.
import { parseLabelSelector } from '@longshore/cloud-provider';
import type { Parse } from '../config-values.ts';

/** Labels of a Node. */
export type Labels = Readonly<Record<string, string>>;

/** A selector with its text, for messages. The empty one selects all. */
export interface NodeSelector {
  readonly text: string;
  matches(labels: Labels): boolean;
}

/** Selects every Node. */
export const ALL_NODES: NodeSelector = { text: '', matches: () => true };

const USE = 'a label selector, such as bgp=yes, zone in (a,b) or !node-role.kubernetes.io/control-plane';

/** The setting's text to a selector. */
export const parseNodeSelector: Parse<NodeSelector> = (text) => {
  const matches = parseLabelSelector(text);
  return matches === undefined ? { use: USE } : { text, matches };
};
