// The journal on disk: written before a phase begins and after it ends, each time whole (0600, in a folder of 0700); locked against a second
// clusterctl that works on the same cluster.
import { chmod, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../problem.ts';
import { isDone, newJournal, parseJournal, withPhase } from './journal.ts';
import type { BootstrapRecord, Journal } from './journal.ts';

/** What it needs. */
export interface JournalFileOptions {
  readonly folder: string;
  readonly command: Journal['command'];
  readonly cluster: Journal['cluster'];
  readonly nowMs: () => number;
  /** Writes a file whole or not at all, mode 0600. */
  readonly write: (path: string, text: string) => Promise<void>;
}

/** One journal, open. */
export class JournalFile {
  readonly folder: string;
  /** Whether an earlier run left it. */
  readonly isResumed: boolean;
  readonly #options: JournalFileOptions;
  #journal: Journal;

  private constructor(options: JournalFileOptions, journal: Journal, isResumed: boolean) {
    this.#options = options;
    this.#journal = journal;
    this.folder = options.folder;
    this.isResumed = isResumed;
  }

  /** Reads the journal of the folder, or begins one; takes the lock. */
  static async open(options: JournalFileOptions): Promise<JournalFile> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    await chmod(options.folder, 0o700);
    await takeLock(options.folder);
    const path = pathOf(options);
    const text = await readIfThere(path);
    if (text !== undefined) return new JournalFile(options, parseJournal(text, path), true);
    const now = new Date(options.nowMs()).toISOString();
    return new JournalFile(options, newJournal(options.command, options.cluster, now), false);
  }

  get content(): Journal {
    return this.#journal;
  }

  /** Path of a file beside the journal. */
  file(name: string): string {
    return join(this.folder, name);
  }

  isDone(phase: string, inputs: string): boolean {
    return isDone(this.#journal, phase, inputs);
  }

  async begin(phase: string, inputs: string): Promise<void> {
    await this.#write(withPhase(this.#journal, phase, { state: 'begun', at: this.#now(), inputs }));
  }

  async finish(phase: string, inputs: string): Promise<void> {
    await this.#write(withPhase(this.#journal, phase, { state: 'done', at: this.#now(), inputs }));
  }

  async setBootstrap(bootstrap: BootstrapRecord): Promise<void> {
    await this.#write({ ...this.#journal, bootstrap });
  }

  async complete(): Promise<void> {
    await this.#write({ ...this.#journal, isComplete: true });
  }

  /** Begins again from nothing. */
  async restart(): Promise<void> {
    await this.#write(newJournal(this.#options.command, this.#options.cluster, this.#now()));
  }

  /** Lets others work on this cluster. */
  async close(): Promise<void> {
    await rm(join(this.folder, LOCK), { force: true });
  }

  /** Removes all that is remembered of the cluster. */
  async removeFolder(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #now(): string {
    return new Date(this.#options.nowMs()).toISOString();
  }

  async #write(journal: Journal): Promise<void> {
    await this.#options.write(pathOf(this.#options), `${JSON.stringify(journal, undefined, 2)}\n`);
    this.#journal = journal;
  }
}

const LOCK = 'lock';

/** Name of the file of a command: `create.json`, `delete.json`. */
export function journalName(command: Journal['command']): string {
  return `${command.split(' ')[0] ?? ''}.json`;
}

function pathOf({ folder, command }: JournalFileOptions): string {
  return join(folder, journalName(command));
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  });
}

// A lock of a process that is gone is taken over.
async function takeLock(folder: string): Promise<void> {
  const path = join(folder, LOCK);
  const owner = Number((await readIfThere(path)) ?? '');
  if (owner > 0 && owner !== process.pid && isAlive(owner)) {
    const remedy = `wait for it, or end it; if process ${owner} is something else, remove ${path}`;
    throw failure('CTL_STATE_IN_USE', `another clusterctl (process ${owner}) works on this cluster: ${remedy}`);
  }
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  await file.writeFile(String(process.pid));
  await file.close();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}
