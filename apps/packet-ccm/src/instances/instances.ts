// Answers "where are the machines of these Nodes" for all controllers from one shared list of the project's devices. What the list does
// not know is asked once more, by ID; only a confirmed "no such device" to that question means gone, and only while the project shows at
// least one machine of this cluster: with the wrong project, or when the API has lost its memory, every device looks gone.
import type { InstanceFinding, Instances, MachineNameOf } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import { backoff, OperatorError, parallelUntil, Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { DeviceId, DeviceLook, Devices, ProjectId } from '@longshore/packet-api';
import { indexDevices, toNodeDevice } from './device-index.ts';
import type { DeviceIndex } from './device-index.ts';
import { DEFAULT_LOOK, toFinding } from './device-metadata.ts';
import type { NodeLook } from './device-metadata.ts';
import { answerFrom, oldestUsefulListMs, toQuestion } from './plan-lookup.ts';
import type { Question } from './plan-lookup.ts';

/** Options of PacketInstances. */
export interface PacketInstancesOptions {
  readonly devices: Pick<Devices, 'outlines' | 'look'>;
  readonly projectId: ProjectId;
  readonly clock: Clock;
  readonly look?: NodeLook | undefined;
  /** Devices of Nodes without provider ID that do not have the Node's name (`--node-name-map`). */
  readonly machineNameOf?: MachineNameOf | undefined;
}

/** Age up to which the list answers. */
export const LIST_MAX_AGE_MS = 10_000;
const DIRECT_QUESTIONS_AT_ONCE = 10;
// Nodes that made us read the list again; only they are remembered, and forgotten when found.
const MOST_REMEMBERED_MISSES = 10_000;

type Open = Map<string, Question>;
type Findings = Map<string, InstanceFinding>;

/** Machines of Nodes at Packet. */
export class PacketInstances implements Instances {
  readonly #options: PacketInstancesOptions;
  readonly #look: NodeLook;
  readonly #list: Snapshot<DeviceIndex>;
  readonly #missed = new Set<string>();
  // Machines of this cluster that the project shows now.
  #shown: ReadonlySet<string> = new Set();

  constructor(options: PacketInstancesOptions) {
    this.#options = options;
    this.#look = options.look ?? DEFAULT_LOOK;
    const { clock, devices, projectId } = options;
    const load = async (signal: AbortSignal): Promise<DeviceIndex> =>
      indexDevices((await devices.outlines(projectId, signal)).map(toNodeDevice));
    this.#list = new Snapshot({ clock, load });
  }

  /** Reads the list that the first look-ups will ask for. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#list.get({ maxAgeMs: LIST_MAX_AGE_MS, signal });
  }

  async lookup(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    const findings: Findings = new Map();
    const open: Open = new Map();
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
      await this.#fromList(open, findings, signal);
      await this.#fromDirectQuestions(open, findings, signal);
    } catch (error) {
      signal.throwIfAborted();
      settle(open, findings, () => error);
    }
    settle(open, findings, notFound);
  }

  async #fromList(open: Open, findings: Findings, signal: AbortSignal): Promise<void> {
    const { value, takenAtMs } = await this.#list.get({ maxAgeMs: LIST_MAX_AGE_MS, signal });
    this.#take(value, open, findings);
    if (this.#needsNewerList(open, takenAtMs)) {
      this.#take((await this.#list.get({ maxAgeMs: 0, signal })).value, open, findings);
    }
  }

  #take(index: DeviceIndex, open: Open, findings: Findings): void {
    const shown = new Set([...this.#shown].filter((id) => index.byId(id as DeviceId)));
    for (const [name, question] of open) {
      const answer = answerFrom(index, question);
      if (answer.kind === 'missing') continue;
      if (answer.kind === 'device') shown.add(answer.device.id);
      findings.set(
        name,
        answer.kind === 'device'
          ? toFinding(answer.device, question.provided, this.#look)
          : { state: 'unknown', error: answer.error },
      );
      open.delete(name);
      if (question.by === 'name') this.#missed.delete(question.uid);
    }
    this.#shown = shown;
  }

  // A Node that is younger than the list may have a device that is: each such Node is worth one more list, shared with all others.
  #needsNewerList(open: Open, takenAtMs: number): boolean {
    const { clock } = this.#options;
    const fresh = [...open.values()].filter((question) => question.by === 'name' && !this.#missed.has(question.uid));
    if (this.#missed.size > MOST_REMEMBERED_MISSES) this.#missed.clear();
    for (const question of fresh) if (question.by === 'name') this.#missed.add(question.uid);
    const takenAtWallMs = clock.nowMs() - (clock.monotonicMs() - takenAtMs);
    return fresh.length > 0 && takenAtWallMs < oldestUsefulListMs(fresh);
  }

  async #fromDirectQuestions(open: Open, findings: Findings, signal: AbortSignal): Promise<void> {
    const questions = [...open].filter(([, question]) => question.by === 'id');
    await parallelUntil(
      questions,
      DIRECT_QUESTIONS_AT_ONCE,
      async ([name, question]) => {
        findings.set(name, await this.#ask(question, signal));
        open.delete(name);
      },
      signal,
    );
    // Only after all answers: one of them may be the first machine of this cluster that the project shows.
    for (const [name, question] of questions) {
      if (findings.get(name)?.state === 'gone' && this.#shown.size === 0) {
        findings.set(name, { state: 'unknown', error: this.#projectInDoubt(question) });
      }
    }
  }

  async #ask(question: Question, signal: AbortSignal): Promise<InstanceFinding> {
    if (question.by !== 'id') return { state: 'unknown', error: notFound(question) };
    try {
      const look = await this.#options.devices.look(question.id, this.#options.projectId, signal);
      if (look.state === 'found') this.#shown = new Set([...this.#shown, look.device.id]);
      return toFindingOfLook(look, question, this.#look);
    } catch (error) {
      signal.throwIfAborted();
      return { state: 'unknown', error };
    }
  }

  #projectInDoubt({ node }: Question): OperatorError {
    const message = `node ${node}: project ${this.#options.projectId} shows no machine of this cluster, so nothing is concluded about its nodes: check the project ID, or delete the nodes by hand if all their devices are gone`;
    return new OperatorError('PROJECT_WITHOUT_NODES', message, backoff);
  }
}

/** What a direct answer means for the Node; only a confirmed absence is `gone`. */
export function toFindingOfLook(
  look: DeviceLook,
  question: Question & { readonly by: 'id' },
  as: NodeLook,
): InstanceFinding {
  switch (look.state) {
    case 'found':
      return toFinding(toNodeDevice(look.device), question.provided, as);
    case 'absent':
      return { state: 'gone' };
    case 'failed':
      return { state: 'unknown', error: failed(question) };
    case 'foreign':
      return { state: 'unknown', error: foreign(question, look.projectId) };
    case 'refused':
      return { state: 'unknown', error: refused(question) };
  }
}

type QuestionById = Question & { readonly by: 'id' };

function failed({ node, id }: QuestionById): OperatorError {
  const message = `node ${node}: device ${id} is in state failed: nothing is concluded about the node; delete the device, or the node by hand`;
  return new OperatorError('DEVICE_FAILED', message, backoff);
}

function foreign({ node, id }: QuestionById, projectId: ProjectId): OperatorError {
  const message = `node ${node}: device ${id} belongs to project ${projectId}, not to ours: check the project ID`;
  return new OperatorError('DEVICE_FOREIGN', message, backoff);
}

function refused({ node, id }: QuestionById): OperatorError {
  const message = `node ${node}: this API key may read the project but not device ${id}: it belongs to another project, or never came up; delete the node by hand if its machine is no more`;
  return new OperatorError('DEVICE_REFUSED', message, backoff);
}

function settle(open: Open, findings: Findings, errorOf: (question: Question) => unknown): void {
  for (const [name, question] of open) findings.set(name, { state: 'unknown', error: errorOf(question) });
  open.clear();
}

function notFound(question: Question): OperatorError {
  const { node } = question;
  const missing =
    question.by === 'id'
      ? `device ${question.id} was not answered`
      : `no device has the hostname ${question.name} or an IP of the node`;
  const message = `node ${node}: ${missing}: name the node like its device, start kubelet with --provider-id=packet://<device UUID>, or map the node with --node-name-map`;
  return new OperatorError('DEVICE_NOT_FOUND', message, backoff);
}
