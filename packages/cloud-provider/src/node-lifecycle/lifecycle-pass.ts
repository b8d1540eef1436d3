// One pass, end to end: list, ask the cloud once about all Nodes that are due, plan, write. Problems with one Node are logged and told
// by events; they never end the pass. The controller runs it every period and when a Node stops being ready.
import { isConflict, nodes as nodeType } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, KubeNode, Lister } from '@longshore/k8s-runtime';
import { jitter, messageOf, parallelUntil, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { nameOf, uidOf } from '../node/node-facts.ts';
import { reasonToIgnore } from '../node/ownership.ts';
import { SaidBefore } from '../node/said-before.ts';
import type { InstanceFinding, Instances } from '../provider.ts';
import type { CheckPauses } from './check-schedule.ts';
import type { LifecycleMetrics } from './lifecycle-metrics.ts';
import { nodesToAsk, planPass, recordsAfter } from './lifecycle-pass-plan.ts';
import type { CheckRecords, PlannedNode } from './lifecycle-pass-plan.ts';
import { applyLifecycleStep } from './node-lifecycle-apply.ts';
import { describeLifecycleStep, mostRemovals, planNodeLifecycle } from './node-lifecycle-plan.ts';
import type { LifecycleStep, RemovalLimit } from './node-lifecycle-plan.ts';
import { RemovalHold } from './removal-hold.ts';

// Upstream's numbers for writes of taints.
const MOST_TRIES = 5;
const CONFLICT_PAUSE_MS = 100;
const WRITERS = 10;

/** What a pass needs. */
export interface LifecyclePassDeps {
  readonly nodes: Lister<KubeNode>;
  readonly instances: Instances;
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: LifecycleMetrics;
  readonly pauses: CheckPauses;
  readonly graceMs: number;
  readonly limit: RemovalLimit;
  readonly providerIdSchemes: readonly string[] | undefined;
  readonly isDryRun: boolean;
}

/** Passes with what they remember of Nodes that are not ready. */
export class LifecyclePass {
  readonly #deps: LifecyclePassDeps;
  readonly #hold: RemovalHold;
  readonly #said = new SaidBefore();
  #records: CheckRecords = new Map();

  constructor(deps: LifecyclePassDeps) {
    this.#deps = deps;
    this.#hold = new RemovalHold(deps);
  }

  /** What earlier passes know; the controller compares changes of Nodes with it. */
  get records(): CheckRecords {
    return this.#records;
  }

  /** The Node is ready, or gone: what was known of it no longer counts. */
  forget(name: string): void {
    if (!this.#records.has(name)) return;
    const left = new Map(this.#records);
    left.delete(name);
    this.#records = left;
  }

  /** One pass. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, graceMs, limit, pauses } = this.#deps;
    const time = { monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    const asked = nodesToAsk(this.#ownNodes(), this.#records, { time, graceMs });
    const findings = await this.#ask(asked, signal);
    // The cloud took its time: from here on the Nodes are those of now.
    const own = this.#ownNodes();
    this.#records = recordsAfter(own, this.#records, { asked, findings, nowMs: time.monotonicMs, pauses });
    const pass = planPass(own, this.#records, { asked, findings, nowMs: time.monotonicMs, limit });
    this.#hold.tell(pass, mostRemovals(own.length, limit), own.length);
    const withSteps = pass.planned.filter(({ plan }) => plan.steps.length > 0);
    await parallelUntil(withSteps, WRITERS, (planned) => this.#settle(planned, signal), signal);
  }

  #ownNodes(): readonly KubeNode[] {
    const { nodes, providerIdSchemes } = this.#deps;
    return nodes.list((node) => reasonToIgnore(node, providerIdSchemes) === undefined);
  }

  async #ask(asked: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    if (asked.length === 0) return new Map();
    const { instances, log, metrics } = this.#deps;
    try {
      const findings = await instances.lookup(asked, signal);
      for (const [node, finding] of findings) {
        if (finding.state !== 'unknown') continue;
        metrics.unknown.inc();
        log.warn('error checking if node exists', { node, error: messageOf(finding.error) });
      }
      return findings;
    } catch (error) {
      signal.throwIfAborted();
      metrics.unknown.inc({}, asked.length);
      log.error('error checking if nodes exist', { nodes: asked.length, error: messageOf(error) });
      return new Map(asked.map((node) => [nameOf(node), { state: 'unknown', error }]));
    }
  }

  async #settle({ finding, verdict, ...planned }: PlannedNode, signal: AbortSignal): Promise<void> {
    let { node } = planned;
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const [step] = planNodeLifecycle(node, finding, verdict).steps;
      if (!step) return;
      if (await this.#write(step, node, signal)) return;
      const fresh = await this.#reread(node, signal);
      if (!fresh) return;
      node = fresh;
    }
    this.#deps.log.warn('node was changed by others during each try', { node: nameOf(node) });
  }

  // True when there is nothing to repeat: written, or failed for a reason that a fresh copy would not change.
  async #write(step: LifecycleStep, node: KubeNode, signal: AbortSignal): Promise<boolean> {
    const { log, metrics, isDryRun } = this.#deps;
    const name = nameOf(node);
    const text = describeLifecycleStep(step, name);
    if (isDryRun) {
      if (this.#said.isNew(name, text)) log.info('dry run: node is not changed', { node: name, step: `would ${text}` });
      return true;
    }
    try {
      await applyLifecycleStep(step, node, this.#deps, signal);
      log.info('node changed', { node: name, step: text });
      if (step.kind === 'delete-node') metrics.deleted.inc();
    } catch (error) {
      if (isConflict(error)) return false;
      if (!signal.aborted) this.#tellFailure(step, node, error);
    }
    return true;
  }

  #tellFailure(step: LifecycleStep, node: KubeNode, error: unknown): void {
    const { log, events } = this.#deps;
    log.error('changing a node failed', { node: nameOf(node), step: step.kind, error: messageOf(error) });
    if (step.kind !== 'delete-node') return;
    events.warning(node, 'DeletingNodeFailed', `Failed deleting node ${nameOf(node)}: ${messageOf(error)}`);
  }

  // Undefined when the Node is gone, or another one has its name now: that one was not asked about.
  async #reread(node: KubeNode, signal: AbortSignal): Promise<KubeNode | undefined> {
    const { client, clock, log } = this.#deps;
    await sleep(clock, jitter(CONFLICT_PAUSE_MS, 1), signal);
    const fresh = await client.get(nodeType, { name: nameOf(node) }, { signal });
    if (fresh && uidOf(fresh) === uidOf(node)) return fresh;
    log.info('node has been replaced meanwhile and is left alone', { node: nameOf(node) });
    return undefined;
  }
}
