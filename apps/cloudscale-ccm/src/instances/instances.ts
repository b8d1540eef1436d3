// Answers "where are the machines of these Nodes" for all controllers, and "which servers" for balancers, from one shared list. A provider
// ID that the list does not know is asked once more, directly: only the API's own 404 to that question means gone.
import type { InstanceFinding, Instances } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import { backoff, OperatorError, parallelUntil, Snapshot } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Server, ServerId, Servers } from '@longshore/cloudscale-api';
import { answerFrom, oldestUsefulListMs, toQuestion } from './plan-lookup.ts';
import type { MachineNameOf, Question } from './plan-lookup.ts';
import { indexServers } from './server-index.ts';
import type { ServerIndex } from './server-index.ts';
import { hasPrivateAddress, toFinding } from './server-metadata.ts';

/** What is known of one Node's server. */
export type ServerFinding =
  | { readonly kind: 'server'; readonly server: Server }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown'; readonly error: unknown };

/** Options of ServerInstances. */
export interface ServerInstancesOptions {
  readonly servers: Pick<Servers, 'list' | 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly machineNameOf?: MachineNameOf | undefined;
}

/** Age up to which a list answers. */
export const LIST_MAX_AGE_MS = 10_000;
const DIRECT_QUESTIONS_AT_ONCE = 10;
const MOST_REMEMBERED = 10_000;

type Open = Map<string, Question>;
type Findings = Map<string, ServerFinding>;

/** Machines of Nodes at cloudscale.ch. */
export class ServerInstances implements Instances {
  readonly #options: ServerInstancesOptions;
  readonly #list: Snapshot<ServerIndex>;
  // Nodes that made us read the list again, and servers that were warned about; forgotten all at once when there are too many.
  readonly #missed = new Set<string>();
  readonly #warned = new Set<string>();
  // Servers that were found for Nodes: while the project shows one of them, it is this cluster's.
  readonly #ours = new Set<ServerId>();

  constructor(options: ServerInstancesOptions) {
    const { servers, clock } = options;
    this.#options = options;
    this.#list = new Snapshot({ clock, load: async (signal) => indexServers(await servers.list(signal)) });
  }

  /** Reads the list that the first look-ups will ask for. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#list.get({ maxAgeMs: LIST_MAX_AGE_MS, signal });
  }

  async lookup(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    const findings = await this.serversOf(nodes, signal);
    return new Map([...findings].map(([name, finding]) => [name, this.#toFinding(finding)]));
  }

  /** The servers of these Nodes, by the Nodes' names; none for another cloud's Node. */
  async serversOf(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, ServerFinding>> {
    const findings: Findings = new Map();
    const open: Open = new Map();
    for (const node of nodes) {
      const question = toQuestion(node, this.#options.machineNameOf);
      const name = node.metadata?.name ?? '';
      if (question instanceof OperatorError) findings.set(name, { kind: 'unknown', error: question });
      else if (question) open.set(name, question);
    }
    if (open.size > 0) await this.#answer(open, findings, signal);
    return findings;
  }

  #toFinding(finding: ServerFinding): InstanceFinding {
    if (finding.kind === 'gone') return { state: 'gone' };
    if (finding.kind === 'unknown') return { state: 'unknown', error: finding.error };
    this.#warnOf(finding.server);
    return toFinding(finding.server);
  }

  #warnOf(server: Server): void {
    if (hasPrivateAddress(server) || this.#warned.has(server.id)) return;
    if (this.#warned.size > MOST_REMEMBERED) this.#warned.clear();
    this.#warned.add(server.id);
    this.#options.log.warn(
      'the server has no private address: load balancers cannot reach it, attach it to a private network',
      { server: server.name, id: server.id },
    );
  }

  async #answer(open: Open, findings: Findings, signal: AbortSignal): Promise<void> {
    try {
      const { size } = await this.#fromList(open, findings, signal);
      if (size > 0) await this.#fromDirectQuestions(open, findings, signal);
      else settle(open, findings, () => nothingKnown());
      await this.#doubtProject(findings, signal);
    } catch (error) {
      signal.throwIfAborted();
      settle(open, findings, () => error);
    }
    for (const [name, question] of open) findings.set(name, { kind: 'unknown', error: notFound(name, question) });
  }

  // A token of another project gets "not found" for every server of ours: that counts only while the project still shows one of them.
  async #doubtProject(findings: Findings, signal: AbortSignal): Promise<void> {
    for (const finding of findings.values()) if (finding.kind === 'server') this.#remember(finding.server.id);
    const gone = [...findings].flatMap(([name, { kind }]) => (kind === 'gone' ? [name] : []));
    if (gone.length === 0) return;
    // Not the list from before the questions: the token may have been replaced in between.
    this.#list.invalidate();
    const list = await this.#list.get({ maxAgeMs: 0, signal }).catch((error: unknown) => {
      for (const name of gone) findings.set(name, { kind: 'unknown', error });
      throw error;
    });
    if ([...this.#ours].some((id) => list.value.byId(id) !== undefined)) return;
    for (const name of gone) findings.set(name, { kind: 'unknown', error: projectInDoubt(name) });
  }

  #remember(id: ServerId): void {
    this.#ours.delete(id);
    this.#ours.add(id);
    const [oldest] = this.#ours;
    if (this.#ours.size > MOST_REMEMBERED && oldest !== undefined) this.#ours.delete(oldest);
  }

  /** Takes what the list knows out of `open`; returns it. */
  async #fromList(open: Open, findings: Findings, signal: AbortSignal): Promise<ServerIndex> {
    let list = await this.#list.get({ maxAgeMs: LIST_MAX_AGE_MS, signal });
    this.#take(list.value, open, findings);
    if (this.#needsNewerList(open, list.takenAtMs)) {
      list = await this.#list.get({ maxAgeMs: 0, signal });
      this.#take(list.value, open, findings);
    }
    return list.value;
  }

  #take(index: ServerIndex, open: Open, findings: Findings): void {
    for (const [name, question] of open) {
      const answer = answerFrom(index, question);
      if (answer.kind === 'missing') continue;
      findings.set(name, answer.kind === 'server' ? answer : { kind: 'unknown', error: answer.error });
      open.delete(name);
      if (question.by === 'name') this.#missed.delete(question.uid);
    }
  }

  // A Node that is younger than the list may have a server that is: each such Node is worth one more list, shared with all others.
  #needsNewerList(open: Open, takenAtMs: number): boolean {
    const { clock } = this.#options;
    const fresh = [...open.values()].filter((question) => question.by === 'name' && !this.#missed.has(question.uid));
    if (this.#missed.size > MOST_REMEMBERED) this.#missed.clear();
    for (const question of fresh) if (question.by === 'name') this.#missed.add(question.uid);
    const takenAtWallMs = clock.nowMs() - (clock.monotonicMs() - takenAtMs);
    return fresh.length > 0 && takenAtWallMs < oldestUsefulListMs(fresh);
  }

  async #fromDirectQuestions(open: Open, findings: Findings, signal: AbortSignal): Promise<void> {
    const byId = [...open].flatMap(([name, question]) => (question.by === 'id' ? [{ name, id: question.id }] : []));
    await parallelUntil(
      byId,
      DIRECT_QUESTIONS_AT_ONCE,
      async ({ name, id }) => {
        findings.set(name, await this.#ask(id, signal));
        open.delete(name);
      },
      signal,
    );
  }

  async #ask(id: Server['id'], signal: AbortSignal): Promise<ServerFinding> {
    try {
      const server = await this.#options.servers.get(id, signal);
      return server ? { kind: 'server', server } : { kind: 'gone' };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'unknown', error };
    }
  }
}

function settle(open: Open, findings: Findings, errorOf: () => unknown): void {
  for (const name of open.keys()) findings.set(name, { kind: 'unknown', error: errorOf() });
  open.clear();
}

// A token of another project sees no server at all, and would get "not found" for every Node of the cluster.
function nothingKnown(): OperatorError {
  const message =
    'the API shows no server at all: nothing is concluded about nodes; check that the API token belongs to the project of this cluster';
  return new OperatorError('PROJECT_WITHOUT_SERVERS', message, backoff);
}

function projectInDoubt(name: string): OperatorError {
  const message = `node ${name}: the project of the API token shows no machine of this cluster, so nothing is concluded about its nodes: check that the token belongs to the project of this cluster`;
  return new OperatorError('PROJECT_WITHOUT_NODES', message, backoff);
}

function notFound(name: string, question: Question): OperatorError {
  const what = question.by === 'id' ? `server ${question.id} was not answered` : 'no server has this name, found none';
  const message = `node ${name}: ${what}: name the node exactly like its server, use --node-name-map, or start kubelet with --provider-id=cloudscale://<uuid>`;
  return new OperatorError('SERVER_NOT_FOUND', message, backoff);
}
