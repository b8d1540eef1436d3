// `--node-name-map`: which machine a Node is, where its name does not say so. It applies only where a provider looks for the machine of a
// Node by name, that is, while the Node has no provider ID; one that it has always wins. Pure; wiring-start.ts reads the files.
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';

/** What the cloud calls the machine of the Node with this name: a name or an ID, the Node's own name where nothing else is said. */
export type MachineNameOf = (nodeName: string) => string;

/** Entries of the flag, and where they were written. */
export interface NodeNameMapPart {
  /** For messages: `--node-name-map`, or the path of a file. */
  readonly source: string;
  readonly text: string;
}

const FLAG = '--node-name-map';
// A Node's name is a DNS subdomain.
const NODE_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const MACHINE_NAME = /^[^\s=,#@]+$/;

/** The path of `@path`; undefined for entries that stand in the flag itself. */
export function fileOf(value: string): string | undefined {
  return value.startsWith('@') ? value.slice(1) : undefined;
}

/** The problem with the flag as it was given, worded to follow its value. What is in files comes later. */
export function nodeNameMapProblem(values: readonly string[]): string | undefined {
  if (values.includes('@')) return 'names no file behind @';
  const inline = values.filter((value) => fileOf(value) === undefined);
  const { problems } = readParts(inline.map((text) => ({ source: FLAG, text })));
  return problems.length > 0 ? `is wrong: ${problems.join('; ')}` : undefined;
}

/** The map out of all parts; throws one error with everything that is wrong. */
export function nodeNameMap(parts: readonly NodeNameMapPart[]): MachineNameOf {
  const { machines, problems } = readParts(parts);
  if (problems.length > 0) throw invalid(problems.join('; '));
  return (nodeName) => machines.get(nodeName) ?? nodeName;
}

/** A file that cannot be read. */
export function unreadableFile(path: string, cause: unknown): OperatorError {
  return invalid(`the file ${path} cannot be read: ${messageOf(cause)}`);
}

interface Entries {
  readonly machines: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

/** Entries are divided by commas and lines; `#` begins a remark. */
function readParts(parts: readonly NodeNameMapPart[]): Entries {
  const machines = new Map<string, string>();
  const nodes = new Map<string, string>();
  const problems: string[] = [];
  for (const { source, text } of parts) {
    for (const entry of entriesOf(text)) {
      const problem = problemOf(entry, machines, nodes);
      const { node, machine } = pairOf(entry);
      if (problem !== undefined) problems.push(source === FLAG ? problem : `${source}: ${problem}`);
      else machines.set(node, machine);
      if (problem === undefined) nodes.set(machine, node);
    }
  }
  return { machines, problems };
}

function entriesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => line.replace(/#.*/, '').split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function pairOf(entry: string): { readonly node: string; readonly machine: string } {
  const [node = '', ...rest] = entry.split('=');
  return { node: node.trim(), machine: rest.join('=').trim() };
}

function problemOf(
  entry: string,
  machines: ReadonlyMap<string, string>,
  nodes: ReadonlyMap<string, string>,
): string | undefined {
  const quoted = JSON.stringify(entry);
  const { node, machine } = pairOf(entry);
  if (!NODE_NAME.test(node)) return `${quoted} does not begin with the name of a Node and "="`;
  if (!MACHINE_NAME.test(machine)) return `${quoted} does not end in "=" and the name or ID of a machine`;
  if (machines.has(node)) return `Node ${node} is mapped twice, to ${machines.get(node) ?? ''} and ${machine}`;
  const other = nodes.get(machine);
  return other === undefined ? undefined : `Nodes ${other} and ${node} are both mapped to ${machine}`;
}

function invalid(problems: string): OperatorError {
  const message = `${FLAG}: ${problems}; it takes NODE=MACHINE,… or @FILE with such entries`;
  return new OperatorError('NODE_NAME_MAP_INVALID', message, never);
}
