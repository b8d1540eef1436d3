// Whose Node is it (I12)? Clusters may hold machines of other clouds, or bare metal: those must never be tainted, labelled or removed.
// The provider has the last word (its look-up leaves foreign Nodes out); this is what can be said without asking it.
import type { KubeNode } from '@longshore/k8s-runtime';
import { LABEL_IGNORE_NODE } from '../well-known.ts';
import { providerIdOf } from './node-facts.ts';

/**
 * Why the controllers leave this Node alone, in words; undefined when it is (or may be) ours. `schemes` are those of our own provider
 * IDs; without them only the label counts.
 */
export function reasonToIgnore(node: KubeNode, schemes: readonly string[] | undefined): string | undefined {
  const optOut = node.metadata?.labels?.[LABEL_IGNORE_NODE];
  if (optOut !== undefined && optOut !== 'false') return `it carries the label ${LABEL_IGNORE_NODE}`;
  const [, scheme] = /^([^:/]+):\/\//.exec(providerIdOf(node)) ?? [];
  if (scheme === undefined || schemes === undefined || schemes.includes(scheme)) return undefined;
  return `its provider ID ${providerIdOf(node)} belongs to ${scheme}, not to ${schemes.join(' or ')}`;
}
