// Which object `explain` is asked about. Pure; wrong words are answered with what is wrong and the usage, in one line.
import type { ObjectReference } from './plan-report.ts';

/** Behind the program's name. */
export const EXPLAIN_USAGE = 'explain service NAMESPACE/NAME | node NAME [-o json]';

/** The object, or what is wrong with the words. */
export type ExplainTarget = ObjectReference | { readonly problem: string };

const KINDS: Readonly<Record<string, 'Service' | 'Node'>> = {
  service: 'Service',
  services: 'Service',
  svc: 'Service',
  node: 'Node',
  nodes: 'Node',
  no: 'Node',
};

/** Parses the words behind `explain`. */
export function parseExplainTarget(args: readonly string[]): ExplainTarget {
  const [word, name, unexpected] = args;
  if (word === undefined) return wrong('what shall be explained?');
  const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
  if (kind === undefined) return wrong(`${JSON.stringify(word)} cannot be explained`);
  if (name === undefined || name === '') return wrong(`the name of the ${word} is missing`);
  if (unexpected !== undefined) return wrong(`unexpected argument ${JSON.stringify(unexpected)}`);
  return kind === 'Node' ? nodeTarget(name) : serviceTarget(name);
}

function nodeTarget(name: string): ExplainTarget {
  if (name.includes('/')) return wrong(`${JSON.stringify(name)} is not the name of a node`);
  return { kind: 'Node', name };
}

function serviceTarget(text: string): ExplainTarget {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined) return wrong(`${JSON.stringify(text)} is not NAMESPACE/NAME`);
  return { kind: 'Service', namespace, name };
}

function wrong(what: string): ExplainTarget {
  return { problem: `explain: ${what}; usage: ${EXPLAIN_USAGE}` };
}
