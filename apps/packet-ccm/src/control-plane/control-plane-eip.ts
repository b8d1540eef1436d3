// Keeps the elastic IP of the control plane on a node whose API server answers: a check every 10 s, which costs no call of the cloud; the
// reservation is read once a minute, and right before it is moved. Runs only where this process leads. Looks, asks eip-plan.ts, applies.
import {
  checkAgain,
  Controller,
  exponentialBackoff,
  messageOf,
  OperatorError,
  Snapshot,
} from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics, Outcome, Source } from '@longshore/reconciler-core';
import type { ClusterView, Instances, OtherPlan } from '@longshore/cloud-provider';
import type { EventRecorder, KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { IpAssignments, IpReservation, IpReservations, ProjectId } from '@longshore/packet-api';
import { CONTROL_PLANE_SERVICE } from './control-plane-service.ts';
import { eipMeter } from './eip-metrics.ts';
import type { EipMeter } from './eip-metrics.ts';
import { applyEipSteps } from './eip-apply.ts';
import { apiServerPorts, controlPlaneNodes, holderOf, reservationByTag } from './eip-facts.ts';
import type { ApiServerPorts } from './eip-facts.ts';
import { describeEipStep, describeReason, judgeHolder, planMove } from './eip-plan.ts';
import type { Holder, Judgement, MovePlan, Reason } from './eip-plan.ts';
import { NodeChecks } from './node-checks.ts';
import type { KnownNode } from './node-checks.ts';
import type { Probe } from './probe.ts';

/** What the elastic IP is kept with. */
export interface ControlPlaneEipOptions {
  readonly tag: string;
  readonly projectId: ProjectId;
  readonly reservations: Pick<IpReservations, 'list' | 'get'>;
  readonly assignments: Pick<IpAssignments, 'assign' | 'unassign'>;
  readonly instances: Pick<Instances, 'lookup'>;
  readonly probe: Probe;
  /** PEM; `undefined`: certificates are not checked. */
  readonly ca: (signal: AbortSignal) => Promise<string | undefined>;
  readonly settings: {
    readonly apiServerPort: number;
    readonly checksHostIp: boolean;
    readonly failuresToMove: number;
  };
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
}

type Reservation = IpReservation & { readonly address: string };

/** Name of the loop, in the log and in plans. */
export const CONTROL_PLANE_EIP = 'control-plane-eip';
/** Between two checks. */
export const CHECK_EVERY_MS = 10_000;
const RESERVATION_MAX_AGE_MS = 60_000;
const RETRY = { baseMs: 5_000, capMs: 60_000 };
const KEY = 'elastic-ip';

interface Look {
  readonly reservation: Reservation;
  readonly ports: ApiServerPorts;
  readonly nodes: readonly KnownNode[];
  readonly holder: Holder;
}

interface Judged {
  readonly judgement: Judgement;
  readonly failures: number;
}

/** The elastic IP of the control plane. */
export class ControlPlaneEip {
  readonly #options: ControlPlaneEipOptions;
  readonly #reservation: Snapshot<Reservation>;
  readonly #checks: NodeChecks;
  readonly #meter: EipMeter;
  #known: Reservation | undefined;
  #told = '';

  constructor(options: ControlPlaneEipOptions) {
    this.#options = options;
    this.#reservation = new Snapshot({ clock: options.clock, load: (signal) => this.#read(signal) });
    this.#checks = new NodeChecks(options);
    this.#meter = eipMeter(options.metrics);
  }

  /** The address. Rejects when there is none with the tag. */
  async address(signal: AbortSignal): Promise<string> {
    return (await this.#find(RESERVATION_MAX_AGE_MS, signal)).address;
  }

  /** The loop; `look` reads the cluster at the time of each round, changes of Nodes bring a round at once. */
  loop(look: () => ClusterView, nodeChanges: Source<KubeNode> | undefined): Controller<string> {
    const { clock, log, metrics } = this.#options;
    const limiter = exponentialBackoff<string>(RETRY);
    const reconcile = (_key: string, run: { readonly signal: AbortSignal }): Promise<Outcome> =>
      this.#round(look(), run.signal);
    const onFailure = ({ error }: { readonly error: unknown }): void => this.#complain(messageOf(error));
    const manner = { name: CONTROL_PLANE_EIP, reconcile, workers: 1, limiter, onFailure };
    const controller = new Controller({ ...manner, clock, log, metrics });
    if (nodeChanges) {
      controller.watch(nodeChanges, (change) => {
        const before = change.kind === 'updated' ? [change.before] : [];
        const isConcerned = controlPlaneNodes([...before, change.object]).length > 0;
        return isConcerned && isNews(change) ? [KEY] : [];
      });
    }
    controller.enqueue(KEY);
    return controller;
  }

  /** What the loop would do now, unapplied. Reads and asks, never writes. */
  async plan(cluster: ClusterView, signal: AbortSignal): Promise<OtherPlan> {
    const subject = { kind: 'ElasticIP', name: this.#options.tag };
    const about = { subject, controller: CONTROL_PLANE_EIP };
    try {
      const seen = await this.#look(cluster, 0, signal);
      const { judgement } = await this.#judge(seen, signal);
      if (judgement.kind === 'keep') return { ...about, steps: [] };
      if (judgement.kind !== 'leave') return { ...about, steps: [], unknown: [wordsOf(judgement, this.#options)] };
      const { steps, problem } = await this.#planMove(seen, judgement.reason, signal);
      const why = describeReason(judgement.reason);
      const planned = steps.map((step) => ({ kind: step.kind, summary: describeEipStep(step), detail: step, why }));
      return { ...about, steps: planned, ...(problem === undefined ? {} : { unknown: [problem] }) };
    } catch (error) {
      signal.throwIfAborted();
      return { ...about, steps: [], unknown: [messageOf(error)] };
    }
  }

  async #round(cluster: ClusterView, signal: AbortSignal): Promise<Outcome> {
    const seen = await this.#look(cluster, RESERVATION_MAX_AGE_MS, signal);
    const { judgement, failures } = await this.#judge(seen, signal);
    this.#meter.judged(judgement, failures);
    if (judgement.kind === 'hands-off')
      this.#complain(`${seen.reservation.address} stays as it is: ${judgement.problem}`);
    if (judgement.kind === 'keep') this.#told = '';
    if (judgement.kind === 'leave') await this.#leave(seen, { cluster, reason: judgement.reason }, signal);
    return checkAgain(CHECK_EVERY_MS, 'the next check of the API server');
  }

  async #leave(
    seen: Look,
    { cluster, reason }: { readonly cluster: ClusterView; readonly reason: Reason },
    signal: AbortSignal,
  ): Promise<void> {
    const { steps, problem } = await this.#planMove(seen, reason, signal);
    if (problem !== undefined) return this.#complain(`${seen.reservation.address} stays as it is: ${problem}`);
    const now = await this.#look(cluster, 0, signal);
    // Somebody else has moved it meanwhile: the next round judges the new holder.
    if (idOf(now.holder) !== idOf(seen.holder)) return;
    const { events, log, assignments } = this.#options;
    if (reason === 'unhealthy' && now.holder.kind === 'node') this.#checks.noteFailed(now.holder.node.deviceId);
    try {
      const node = await applyEipSteps(steps, assignments, signal);
      const message = `elastic IP ${now.reservation.address} of the control plane is on ${node ?? 'nobody'} now: ${describeReason(reason)}`;
      log.info('elastic IP of the control plane moved', { node, reason, address: now.reservation.address });
      events.normal(aboutService, 'ControlPlaneAddressMoved', message);
      this.#meter.moved(reason);
      this.#told = '';
    } finally {
      // Also after a failure: its answer may be lost and the work done.
      this.#reservation.invalidate();
      this.#checks.forgetHolder();
    }
  }

  async #planMove({ reservation, ports, nodes, holder }: Look, reason: Reason, signal: AbortSignal): Promise<MovePlan> {
    const others = nodes.filter(({ deviceId }) => holder.kind !== 'node' || deviceId !== holder.node.deviceId);
    const checked = await this.#checks.checkAll(others, { eip: reservation.address, port: ports.onNode }, signal);
    return planMove({ address: reservation.address, holder, reason }, checked);
  }

  async #judge({ reservation, ports, nodes, holder }: Look, signal: AbortSignal): Promise<Judged> {
    const { failuresToMove } = this.#options.settings;
    const place = { eip: reservation.address, ports };
    const failures = await this.#checks.failuresOf(holder, { ...place, nodes }, signal);
    const wasNode = holder.kind === 'stranger' && this.#checks.hasSeen(holder.deviceId);
    return { judgement: judgeHolder({ holder, failures, failuresToMove, wasNode }), failures };
  }

  async #look(cluster: ClusterView, maxAgeMs: number, signal: AbortSignal): Promise<Look> {
    const ports = apiServerPorts(kubernetesIn(cluster), this.#options.settings.apiServerPort);
    if (ports === undefined) throw portUnknown();
    const [reservation, nodes] = await Promise.all([
      this.#find(maxAgeMs, signal),
      this.#checks.identify(controlPlaneNodes(cluster.nodes), signal),
    ]);
    return { reservation, ports, nodes, holder: holderOf(reservation, nodes) };
  }

  async #find(maxAgeMs: number, signal: AbortSignal): Promise<Reservation> {
    if (maxAgeMs === 0) this.#reservation.invalidate();
    return (await this.#reservation.get({ maxAgeMs, signal })).value;
  }

  /** By ID once it is known: one object instead of all. */
  async #read(signal: AbortSignal): Promise<Reservation> {
    const { reservations, projectId, tag } = this.#options;
    const again = this.#known && (await reservations.get(this.#known.id, signal));
    const isStill = again !== undefined && again.tags.includes(tag);
    const found = reservationByTag(tag, isStill ? [again] : await reservations.list(projectId, signal));
    if ('problem' in found) throw notFound(found.problem);
    this.#known = found.reservation;
    return found.reservation;
  }

  #complain(text: string): void {
    if (this.#told === text) return;
    this.#told = text;
    this.#options.log.error('elastic IP of the control plane has a problem', { problem: text });
    this.#options.events.warning(aboutService, 'ControlPlaneAddressStuck', `elastic IP of the control plane: ${text}`);
  }
}

const aboutService = { apiVersion: 'v1', kind: 'Service', metadata: CONTROL_PLANE_SERVICE } as const;

function kubernetesIn({ services }: ClusterView): KubeService | undefined {
  return services.find(({ metadata }) => metadata?.namespace === 'default' && metadata.name === 'kubernetes');
}

function idOf(holder: Holder): string {
  if (holder.kind === 'node' || holder.kind === 'stranger') return holder.assignmentId;
  return holder.kind;
}

// The heartbeat of a kubelet is none.
function isNews(change: { readonly kind: string; readonly before?: KubeNode; readonly object: KubeNode }): boolean {
  const { before, object } = change;
  if (before === undefined) return true;
  const of = ({ metadata, spec }: KubeNode): string =>
    JSON.stringify([spec?.unschedulable ?? false, spec?.providerID, metadata?.deletionTimestamp, metadata?.labels]);
  return of(before) !== of(object);
}

function wordsOf(judgement: Exclude<Judgement, { kind: 'keep' | 'leave' }>, options: ControlPlaneEipOptions): string {
  if (judgement.kind === 'hands-off') return judgement.problem;
  return `the API server failed ${judgement.failures} of the ${options.settings.failuresToMove} checks in a row after which it would move`;
}

function portUnknown(): OperatorError {
  const message = 'the port of the API server is not known yet: Service default/kubernetes has not been read';
  return new OperatorError('CONTROL_PLANE_PORT_UNKNOWN', message, { retry: 'after', ms: 1_000 });
}

function notFound(problem: string): OperatorError {
  return new OperatorError('CONTROL_PLANE_EIP_UNUSABLE', problem, { retry: 'backoff' });
}
