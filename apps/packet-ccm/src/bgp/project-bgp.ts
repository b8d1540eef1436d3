// BGP of the project: read when a back end needs it, switched on when it is off, remembered after that. Used by PacketSpeakers.
import { backoff, dispositionOf, KeyedLock, OperatorError, Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Bgp, BgpConfig, ProjectId } from '@longshore/packet-api';
import { notApproved, planProjectBgp } from './project-plan.ts';
import type { BgpSettings, ProjectBgp, ProjectPlan } from './project-plan.ts';

/** Options of ProjectBgpState. */
export interface ProjectBgpOptions {
  readonly bgp: Pick<Bgp, 'config' | 'enable'>;
  readonly projectId: ProjectId;
  readonly settings: BgpSettings;
  readonly clock: Clock;
  /** Keeps the project's password out of everything that is printed. */
  readonly secrets?: { add(...secrets: readonly (string | undefined)[]): void } | undefined;
}

/** What became of switching it on. */
export interface EnabledBgp {
  readonly bgp: ProjectBgp;
  readonly changes: readonly string[];
}

/** The project's BGP. */
export class ProjectBgpState {
  readonly #options: ProjectBgpOptions;
  readonly #found: Snapshot<BgpConfig | undefined>;
  // Services are worked on side by side: BGP is switched on once.
  readonly #lock = new KeyedLock<'project'>();

  constructor(options: ProjectBgpOptions) {
    this.#options = options;
    const { bgp, projectId, clock, secrets } = options;
    const load = async (signal: AbortSignal): Promise<BgpConfig | undefined> => {
      const config = await bgp.config(projectId, signal);
      secrets?.add(config?.md5);
      return config;
    };
    this.#found = new Snapshot({ clock, load });
  }

  /** What there is to do; reads at most once per `maxAgeMs`. A failure to read again is no news: what was read last holds. */
  async plan(maxAgeMs: number, signal: AbortSignal): Promise<ProjectPlan> {
    const { settings } = this.#options;
    try {
      return planProjectBgp((await this.#found.get({ maxAgeMs, signal })).value, settings);
    } catch (error) {
      signal.throwIfAborted();
      const last = this.#found.peek();
      const plan = last && planProjectBgp(last.value, settings);
      if (plan?.kind === 'adopt') return plan;
      throw error;
    }
  }

  /** BGP that is on: adopted, or switched on now. */
  async enabled(maxAgeMs: number, signal: AbortSignal): Promise<EnabledBgp> {
    const plan = await this.plan(maxAgeMs, signal);
    if (plan.kind === 'adopt') return { bgp: plan.bgp, changes: [] };
    return this.#lock.run('project', () => this.#switchOn(signal), signal);
  }

  async #switchOn(signal: AbortSignal): Promise<EnabledBgp> {
    const { bgp, projectId } = this.#options;
    // Read again: somebody else, or our own earlier call whose answer was lost, may have done it.
    const plan = await this.#readAgain(signal);
    if (plan.kind === 'adopt') return { bgp: plan.bgp, changes: [] };
    if (plan.kind === 'wait') throw notApproved(projectId);
    let cause: unknown;
    try {
      await bgp.enable(projectId, plan.wish, signal);
    } catch (error) {
      signal.throwIfAborted();
      cause = error;
    }
    // Also after a failure: the answer may be all that was lost.
    const after = await this.#readAgain(signal);
    if (after.kind === 'adopt') {
      return { bgp: after.bgp, changes: [`BGP of the project enabled with ASN ${after.bgp.asn}`] };
    }
    throw after.kind === 'wait' ? notApproved(projectId) : notEnabled(projectId, cause);
  }

  async #readAgain(signal: AbortSignal): Promise<ProjectPlan> {
    this.#found.invalidate();
    return planProjectBgp((await this.#found.get({ maxAgeMs: 0, signal })).value, this.#options.settings);
  }
}

function notEnabled(projectId: ProjectId, cause: unknown): OperatorError {
  const message = `BGP of project ${projectId} could not be enabled: look at the project's BGP settings and the rights of the API key`;
  const disposition = cause === undefined ? backoff : dispositionOf(cause);
  return new OperatorError('BGP_NOT_ENABLED', message, disposition, { cause });
}
