// `orphans --delete`: removes balancers one after the other, once a person (or `--yes`) has agreed. Services are read again right before each
// removal, so one that appeared meanwhile keeps its balancer. The first refusal of the cloud ends it: what it refuses once, it may refuse
// for a reason that holds for the others, too.
import { messageOf, never, OperatorError, sleep } from '@longshore/reconciler-core';
import { services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import type { CommandContext } from './commands/command.ts';
import type { LoadBalancers, OrphanedBalancer, OrphanRemoval } from './provider.ts';
import { hasCleanupFinalizer } from './service/service-ownership.ts';
import type { Terminal } from './wiring-terminal.ts';

/** How `--delete` was asked for. */
export interface RemovalWish {
  /** `--yes`. */
  readonly isConfirmed: boolean;
  /** `--dry-run`: show only. */
  readonly isDryRun: boolean;
  /** Absent where nobody can be asked. */
  readonly terminal?: Terminal | undefined;
}

/** What became of the orphans; those in neither list were not tried. */
export interface RemovalReport {
  readonly removed: OrphanedBalancer[];
  readonly kept: { readonly orphan: OrphanedBalancer; readonly reason: string }[];
}

/** What the removal works with. `tell` takes one line about the progress. */
export interface RemovalDeps extends Pick<CommandContext, 'client' | 'clock' | 'signal'> {
  readonly removeOrphan: NonNullable<LoadBalancers['removeOrphan']>;
  readonly tell: (line: string) => void;
}

// A balancer that is busy for longer has a trouble of its own.
const LONGEST_WAIT_MS = 600_000;

/** Whether to go on. Rejects where nobody can be asked and nobody has agreed beforehand. */
export async function isRemovalAgreed(
  orphans: readonly OrphanedBalancer[],
  { isConfirmed, terminal }: RemovalWish,
  signal: AbortSignal,
): Promise<boolean> {
  if (isConfirmed) return true;
  if (!terminal) throw nobodyToAsk();
  const what = orphans.length === 1 ? 'this load balancer' : `these ${orphans.length} load balancers`;
  const answer = await terminal.ask(`Remove ${what}? It cannot be undone. Type yes to go on: `, signal);
  return /^y(es)?$/i.test(answer);
}

/** Removes them in their order, and writes down in `report` what was done, also when it rejects. */
export async function removeOrphans(
  orphans: readonly OrphanedBalancer[],
  report: RemovalReport,
  deps: RemovalDeps,
): Promise<void> {
  for (const orphan of orphans) {
    deps.signal.throwIfAborted();
    const outcome = await removeOne(orphan, deps).catch((error: unknown) => {
      deps.signal.throwIfAborted();
      throw notRemoved(orphan, report, { total: orphans.length, cause: error });
    });
    if (outcome.kind === 'removed') report.removed.push(orphan);
    else report.kept.push({ orphan, reason: outcome.reason });
    deps.tell(outcome.kind === 'removed' ? `removed ${inWords(orphan)}` : `kept ${inWords(orphan)}: ${outcome.reason}`);
  }
}

async function removeOne(
  orphan: OrphanedBalancer,
  { client, clock, signal, removeOrphan, tell }: RemovalDeps,
): Promise<Exclude<OrphanRemoval, { kind: 'in-progress' }>> {
  const startedMs = clock.monotonicMs();
  let told = '';
  for (;;) {
    const present = (await client.list(services, { signal })).items.filter(mightRefer);
    const outcome = await removeOrphan(orphan, present, signal);
    if (outcome.kind !== 'in-progress') return outcome;
    const { waitingFor, checkAgainMs } = outcome;
    if (waitingFor !== told) tell(`waiting with ${inWords(orphan)}: ${waitingFor}`);
    told = waitingFor;
    if (clock.monotonicMs() - startedMs >= LONGEST_WAIT_MS) throw new Error(`it still waits: ${waitingFor}`);
    await sleep(clock, checkAgainMs, signal);
  }
}

// More than the Services that the list went by: one of another class has no balancer of ours, but who deletes asks twice.
function mightRefer(service: KubeService): boolean {
  return service.spec?.type === 'LoadBalancer' || hasCleanupFinalizer(service);
}

/** `name (id)`. */
export function inWords({ name, id }: OrphanedBalancer): string {
  return `${name} (${id})`;
}

function nobodyToAsk(): OperatorError {
  const message =
    'orphans --delete: nothing was removed, because there is no terminal to ask for confirmation: give --yes to remove without a question';
  return new OperatorError('CONFIRMATION_MISSING', message, never);
}

function notRemoved(
  orphan: OrphanedBalancer,
  { removed, kept }: RemovalReport,
  { total, cause }: { readonly total: number; readonly cause: unknown },
): OperatorError {
  const left = total - removed.length - kept.length - 1;
  const others = left === 0 ? '' : `; ${left} more ${left === 1 ? 'was' : 'were'} not tried`;
  const message = `load balancer ${inWords(orphan)} was not removed: ${messageOf(cause)}; ${removed.length} of ${total} removed${others}`;
  return new OperatorError('ORPHAN_NOT_REMOVED', message, never, { cause });
}
