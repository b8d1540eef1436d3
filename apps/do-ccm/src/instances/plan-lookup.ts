// Which droplet is a Node's machine? Decided from lists; what lists cannot answer comes out as `missing` and is asked by
// instances.ts. Pure. Absence from a list never means that a machine is gone.
import type { MachineNameOf } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { parseDropletId } from '@longshore/digitalocean-api';
import type { Droplet, DropletId, VpcId } from '@longshore/digitalocean-api';
import type { DropletIndex } from './droplet-index.ts';
import { parseProviderId } from './provider-id.ts';

/** What is asked about one Node. */
export type Question =
  | { readonly by: 'id'; readonly id: DropletId }
  | {
      readonly by: 'name';
      /** The Node's, for messages. */
      readonly node: string;
      /** The machine's: that of the Node, unless `--node-name-map` has another. */
      readonly name: string;
      /** The map names a number: only the droplet with this ID is meant. */
      readonly mappedId?: DropletId | undefined;
      readonly uid: string;
      readonly createdMs: number;
    };

/** What lists say. */
export type Answer =
  | { readonly kind: 'droplet'; readonly droplet: Droplet }
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
    case 'droplet':
      return { by: 'id', id: parsed.id };
    case 'absent':
      return byName(node, name, machineNameOf(name));
  }
}

function byName(node: KubeNode, nodeName: string, name: string): Question {
  const isNumber = name !== nodeName && /^\d+$/.test(name);
  const question = { by: 'name', node: nodeName, name, uid: node.metadata?.uid ?? nodeName } as const;
  return {
    ...question,
    createdMs: createdMsOf(node),
    ...(isNumber ? { mappedId: parseDropletId(Number(name)) } : {}),
  };
}

/** Answers a question from one list. `vpcId` decides between droplets of one name or address, if it can. */
export function answerFrom(index: DropletIndex, question: Question, vpcId?: VpcId): Answer {
  if (question.by === 'id') {
    const droplet = index.byId(question.id);
    return droplet ? { kind: 'droplet', droplet } : { kind: 'missing' };
  }
  if (question.mappedId !== undefined) return answerFrom(index, { by: 'id', id: question.mappedId });
  const named = index.byName(question.name);
  const candidates = named.length > 0 ? named : index.byAddress(question.name);
  return choose(candidates, question, vpcId);
}

function choose(
  candidates: readonly Droplet[],
  { node, name }: { readonly node: string; readonly name: string },
  vpcId: VpcId | undefined,
): Answer {
  const inVpc = candidates.filter((droplet) => vpcId !== undefined && droplet.vpcId === vpcId);
  const [droplet, ...others] = inVpc.length > 0 ? inVpc : candidates;
  if (!droplet) return { kind: 'missing' };
  if (others.length === 0) return { kind: 'droplet', droplet };
  const ids = [droplet, ...others].map(({ id }) => id).sort((a, b) => a - b);
  const what = node === name ? 'this name or address' : `the name or address ${name}, to which the node is mapped`;
  const message = `node ${node}: droplets ${ids.join(' and ')} ${ids.length === 2 ? 'both' : 'all'} have ${what}: give each node a droplet name of its own, start kubelet with --provider-id=digitalocean://<droplet id>, or name the droplet's ID in --node-name-map`;
  return { kind: 'refused', error: new OperatorError('DROPLET_AMBIGUOUS', message, onChange) };
}

/** How old a list may be that shall know the droplets of these Nodes, in wall-clock time of its start. */
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
