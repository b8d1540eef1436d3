// What clusterctl remembers on disk of a command that takes half an hour: which phases are done, with which input, and where the bootstrap
// cluster is. Pure. It holds no secrets. What it says is never trusted against the world: phases look before they act.
import { createHash } from 'node:crypto';
import { failure } from '../problem.ts';

/** How far a phase got. */
export interface PhaseRecord {
  readonly state: 'begun' | 'done';
  /** RFC 3339 */
  readonly at: string;
  /** Hash of the files that it worked on. */
  readonly inputs: string;
}

/** The bootstrap cluster of a run. */
export interface BootstrapRecord {
  readonly type: 'existing' | 'kind' | 'embedded';
  readonly kubeconfig: string;
  /** Of the control plane that clusterctl started itself. */
  readonly pid?: number;
  /** Of the manager that clusterctl runs beside it. */
  readonly managerPid?: number;
  /** The provider components were there before clusterctl came. */
  readonly hadComponents?: boolean;
}

/** The file. */
export interface Journal {
  readonly version: 1;
  readonly command: 'create cluster' | 'delete cluster';
  readonly cluster: { readonly namespace: string; readonly name: string };
  readonly startedAt: string;
  readonly bootstrap?: BootstrapRecord;
  readonly phases: Readonly<Record<string, PhaseRecord>>;
  readonly isComplete: boolean;
}

/** A journal of a command that begins. */
export function newJournal(command: Journal['command'], cluster: Journal['cluster'], now: string): Journal {
  return { version: 1, command, cluster, startedAt: now, phases: {}, isComplete: false };
}

/** Reads the file. Throws CTL_JOURNAL_UNREADABLE. */
export function parseJournal(text: string, path: string): Journal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, 'it is no JSON', error);
  }
  const { version, phases } = (value ?? {}) as Partial<Journal>;
  if (version !== 1) throw unreadable(path, 'it was written by another version of clusterctl');
  if (typeof phases !== 'object') throw unreadable(path, 'it has no phases');
  return value as Journal;
}

function unreadable(path: string, why: string, cause?: unknown): Error {
  const remedy = 'move it away and run the command again: every phase looks at what is there before it acts';
  return failure('CTL_JOURNAL_UNREADABLE', `the journal ${path} cannot be used: ${why}; ${remedy}`, cause);
}

/** Whether the phase is done with this input. */
export function isDone({ phases }: Journal, phase: string, inputs: string): boolean {
  const record = phases[phase];
  return record?.state === 'done' && record.inputs === inputs;
}

/** The journal with the phase noted. */
export function withPhase(journal: Journal, phase: string, record: PhaseRecord): Journal {
  return { ...journal, phases: { ...journal.phases, [phase]: record } };
}

/** Names the input of a phase without holding it. */
export function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 16);
}

/** The folder of a cluster: its name and the bootstrap cluster together, so that one name may exist in two places. */
export function stateFolderName(cluster: Journal['cluster'], bootstrap: string): string {
  return `${cluster.name}-${hashOf(cluster.namespace, cluster.name, bootstrap)}`;
}
