// Which server is a Node's machine? Decided from a list; what the list cannot answer comes out as `missing` and is asked by
// instances.ts. Pure. Absence from a list never means that a machine is gone, and a name never removes a Node.
import type { ProviderConfig } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import type { Server, ServerId } from '@longshore/cloudscale-api';
import { parseProviderId } from './provider-id.ts';
import type { ServerIndex } from './server-index.ts';

/** The name of a Node's machine, where it is another one (`--node-name-map`). */
export type MachineNameOf = ProviderConfig['machineNameOf'];

/** What is asked about one Node. */
export type Question =
  | { readonly by: 'id'; readonly id: ServerId }
  | { readonly by: 'name'; readonly name: string; readonly uid: string; readonly createdMs: number };

/** What the list says. */
export type Answer =
  | { readonly kind: 'server'; readonly server: Server }
  | { readonly kind: 'missing' }
  /** Nobody but the user can say which. */
  | { readonly kind: 'refused'; readonly error: OperatorError };

/** The question that a Node poses; undefined for another cloud's Node; an error for a provider ID that cannot be read. */
export function toQuestion(
  node: KubeNode,
  machineNameOf: MachineNameOf = (nodeName) => nodeName,
): Question | OperatorError | undefined {
  const name = node.metadata?.name ?? '';
  const parsed = parseProviderId(node.spec?.providerID);
  switch (parsed.kind) {
    case 'foreign':
      return undefined;
    case 'malformed':
      return new OperatorError('PROVIDER_ID_MALFORMED', `node ${name}: ${parsed.reason}`, onChange);
    case 'server':
      return { by: 'id', id: parsed.id };
    case 'absent':
      return byName(node, machineNameOf(name));
  }
}

function byName(node: KubeNode, name: string): Question {
  return { by: 'name', name, uid: node.metadata?.uid ?? name, createdMs: createdMsOf(node) };
}

/** Answers a question from a list. */
export function answerFrom(index: ServerIndex, question: Question): Answer {
  if (question.by === 'id') {
    const server = index.byId(question.id);
    return server ? { kind: 'server', server } : { kind: 'missing' };
  }
  const [server, ...others] = index.byName(question.name);
  if (!server) return { kind: 'missing' };
  return others.length === 0
    ? { kind: 'server', server }
    : { kind: 'refused', error: ambiguous(question.name, [server, ...others]) };
}

function ambiguous(name: string, servers: readonly Server[]): OperatorError {
  const ids = servers.map(({ id }) => id).sort();
  const message = `node ${name}: servers ${ids.join(' and ')} have this name, found more than one: rename one, or start kubelet with --provider-id=cloudscale://<uuid>`;
  return new OperatorError('SERVER_AMBIGUOUS', message, onChange);
}

/** How old a list may be that shall know the servers of these Nodes, in wall-clock time of its start. */
export function oldestUsefulListMs(questions: Iterable<Question>): number {
  let latestMs = -Infinity;
  for (const question of questions) if (question.by === 'name') latestMs = Math.max(latestMs, question.createdMs);
  // The API server writes whole seconds: a Node of 10.9 s says 10.
  return latestMs + 1000;
}

function createdMsOf(node: KubeNode): number {
  const ms = Date.parse(node.metadata?.creationTimestamp ?? '');
  return Number.isNaN(ms) ? -Infinity : ms;
}
