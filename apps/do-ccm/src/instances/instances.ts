// Answers "where are the machines of these Nodes" for all controllers from one shared list of droplets. What the list does not know is
// asked once more, by ID: only the API's own "no such droplet" to that question means gone. The list costs one call per 200 droplets.
import type { InstanceFinding, Instances, MachineNameOf } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import { backoff, OperatorError, parallelUntil } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Droplet, DropletId, Droplets, VpcId } from '@longshore/digitalocean-api';
import type { AddressFamily } from '../config.ts';
import { toFinding } from './droplet-metadata.ts';
import { hasFreshNode } from './fresh-node.ts';
import type { DropletIndex } from './droplet-index.ts';
import { DropletLists } from './droplet-lists.ts';
import { answerFrom, oldestUsefulListMs, toQuestion } from './plan-lookup.ts';
import type { Answer, Question } from './plan-lookup.ts';

/** The calls that are needed. */
export type DropletCalls = Pick<Droplets, 'list' | 'get'>;

/** Options of DropletInstances. */
export interface DropletInstancesOptions {
  readonly droplets: DropletCalls;
  readonly clock: Clock;
  readonly addressFamilies?: readonly AddressFamily[] | undefined;
  /** Decides between droplets of one name. */
  readonly vpcId?: VpcId | undefined;
  /** Droplets of Nodes without provider ID that do not have the Node's name (`--node-name-map`). */
  readonly machineNameOf?: MachineNameOf | undefined;
  /** `k8s:<cluster id>`: makes lists shorter in accounts with many other droplets. */
  readonly clusterTag?: string | undefined;
}

/** Age up to which a list answers. */
export const LIST_MAX_AGE_MS = 10_000;
const DIRECT_QUESTIONS_AT_ONCE = 10;
// Nodes that made us read the list again; only they are remembered, and forgotten when found.
const MOST_REMEMBERED_MISSES = 10_000;

type Open = Map<string, Question>;
type Findings = Map<string, InstanceFinding>;

/** Machines of Nodes at DigitalOcean. */
export class DropletInstances implements Instances {
  readonly #options: DropletInstancesOptions;
  readonly #lists: DropletLists;
  readonly #missed = new Set<string>();
  #hasMetNewNode = false;

  constructor(options: DropletInstancesOptions) {
    this.#options = options;
    this.#lists = new DropletLists(options);
  }

  /** True once a Node was looked up that no cloud controller had initialized. */
  get hasMetNewNode(): boolean {
    return this.#hasMetNewNode;
  }

  /** Reads the list that the first look-ups will ask for. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#lists.all(LIST_MAX_AGE_MS, signal);
  }

  /** Droplets by ID as the lists have them, which may be this old; those that no list has are left out. */
  async droplets(
    ids: readonly DropletId[],
    maxAgeMs: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<DropletId, Droplet>> {
    const found = new Map<DropletId, Droplet>();
    const isMissing = (id: DropletId): boolean => !found.has(id);
    const take = (index: DropletIndex | undefined): void => {
      for (const id of ids.filter(isMissing)) {
        const droplet = index?.byId(id);
        if (droplet) found.set(id, droplet);
      }
    };
    take(await this.#lists.tagged(maxAgeMs, signal));
    if (ids.some(isMissing)) take((await this.#lists.all(maxAgeMs, signal)).value);
    // Without access to this list the others still count.
    if (ids.some(isMissing)) take(await this.#lists.gpus(maxAgeMs, signal).catch(() => undefined));
    signal.throwIfAborted();
    return found;
  }

  async lookup(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    const findings: Findings = new Map();
    const open: Open = new Map();
    this.#hasMetNewNode ||= hasFreshNode(nodes);
    for (const node of nodes) {
      const question = toQuestion(node, this.#options.machineNameOf);
      const name = node.metadata?.name ?? '';
      if (question instanceof OperatorError) findings.set(name, { state: 'unknown', error: question });
      else if (question) open.set(name, question);
    }
    if (open.size > 0) await this.#answer(open, findings, signal);
    return findings;
  }

  async #answer(open: Open, findings: Findings, signal: AbortSignal): Promise<void> {
    try {
      const known = await this.#fromLists(open, findings, signal);
      if (known > 0) await this.#fromDirectQuestions(open, findings, signal);
      else settle(open, findings, () => nothingKnown());
    } catch (error) {
      signal.throwIfAborted();
      settle(open, findings, () => error);
    }
    for (const [name, question] of open) findings.set(name, { state: 'unknown', error: notFound(name, question) });
  }

  /** Takes what lists know out of `open`; returns how many droplets they have. */
  async #fromLists(open: Open, findings: Findings, signal: AbortSignal): Promise<number> {
    const known = await this.#fromTaggedList(open, findings, signal);
    return known > 0 ? known : this.#fromAllLists(open, findings, signal);
  }

  /** As above, from the list of the cluster's own; 0 when that is not enough. */
  async #fromTaggedList(open: Open, findings: Findings, signal: AbortSignal): Promise<number> {
    if ([...open.values()].some(({ by }) => by === 'name')) return 0;
    const own = await this.#lists.tagged(LIST_MAX_AGE_MS, signal);
    if (!own) return 0;
    this.#take(own, open, findings);
    return open.size <= this.#lists.fewQuestions ? own.size : 0;
  }

  async #fromAllLists(open: Open, findings: Findings, signal: AbortSignal): Promise<number> {
    const list = await this.#lists.all(LIST_MAX_AGE_MS, signal);
    this.#take(list.value, open, findings);
    if (this.#needsNewerList(open, list.takenAtMs)) {
      this.#take((await this.#lists.all(0, signal)).value, open, findings);
    }
    if (open.size === 0) return list.value.size;
    // Droplets with GPUs are in a list of their own. Without access to it, questions by ID still get their answer.
    const gpus = await this.#lists.gpus(LIST_MAX_AGE_MS, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (list.value.size === 0) throw error;
      return undefined;
    });
    if (gpus) this.#take(gpus, open, findings);
    return list.value.size + (gpus?.size ?? 0);
  }

  #take(index: DropletIndex, open: Open, findings: Findings): void {
    for (const [name, question] of open) {
      const answer: Answer = answerFrom(index, question, this.#options.vpcId);
      if (answer.kind === 'missing') continue;
      findings.set(
        name,
        answer.kind === 'droplet' ? this.#toFinding(answer.droplet) : { state: 'unknown', error: answer.error },
      );
      open.delete(name);
      if (question.by === 'name') this.#missed.delete(question.uid);
    }
  }

  // A Node that is younger than the list may have a droplet that is: each such Node is worth one more list, shared with all others.
  #needsNewerList(open: Open, takenAtMs: number): boolean {
    const { clock } = this.#options;
    const fresh = [...open.values()].filter((question) => question.by === 'name' && !this.#missed.has(question.uid));
    if (this.#missed.size > MOST_REMEMBERED_MISSES) this.#missed.clear();
    for (const question of fresh) if (question.by === 'name') this.#missed.add(question.uid);
    const takenAtWallMs = clock.nowMs() - (clock.monotonicMs() - takenAtMs);
    return fresh.length > 0 && takenAtWallMs < oldestUsefulListMs(fresh);
  }

  async #fromDirectQuestions(open: Open, findings: Findings, signal: AbortSignal): Promise<void> {
    const questions = [...open].flatMap(([name, question]) =>
      question.by === 'id' ? [{ name, id: question.id }] : [],
    );
    await parallelUntil(
      questions,
      DIRECT_QUESTIONS_AT_ONCE,
      async ({ name, id }) => {
        findings.set(name, await this.#ask(id, signal));
        open.delete(name);
      },
      signal,
    );
  }

  async #ask(id: DropletId, signal: AbortSignal): Promise<InstanceFinding> {
    try {
      const droplet = await this.#options.droplets.get(id, signal);
      return droplet ? this.#toFinding(droplet) : { state: 'gone' };
    } catch (error) {
      signal.throwIfAborted();
      return { state: 'unknown', error };
    }
  }

  #toFinding(droplet: Droplet): InstanceFinding {
    return toFinding(droplet, this.#options.addressFamilies);
  }
}

function settle(open: Open, findings: Findings, errorOf: () => unknown): void {
  for (const name of open.keys()) findings.set(name, { state: 'unknown', error: errorOf() });
  open.clear();
}

// A token of another account sees no droplet at all, and would get "no such droplet" for every Node of the cluster.
function nothingKnown(): OperatorError {
  const message =
    'the API shows no droplet at all: nothing is concluded about nodes; check that the API token belongs to the account of this cluster';
  return new OperatorError('ACCOUNT_WITHOUT_DROPLETS', message, backoff);
}

function notFound(node: string, question: Question): OperatorError {
  const message = `node ${node}: getting droplet by ${question.by}: ${missing(question)}: name the node like its droplet, start kubelet with --provider-id=digitalocean://<droplet id>, or map the node with --node-name-map`;
  return new OperatorError('DROPLET_NOT_FOUND', message, backoff);
}

function missing(question: Question): string {
  if (question.by === 'id') return `droplet ${question.id} was not answered`;
  if (question.mappedId !== undefined)
    return `there is no droplet ${question.mappedId}, to which --node-name-map maps it`;
  if (question.name === question.node) return 'no droplet has this name or address';
  return `no droplet has the name or address ${question.name}, to which --node-name-map maps it`;
}
