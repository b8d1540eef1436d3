// One build at a time on a machine: two cold builds of kube-apiserver at once need 4 GB and twice the time. The lock is a
// file with its owner's pid, renewed while held; a lock whose owner died, or that was not renewed for long, is taken over.
// Correctness does not hang on it (results are put in place by rename), only time does.
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const RENEW_MS = 10_000;
const POLL_MS = 250;
const TELL_EVERY_MS = 30_000;
/** Twelve renewals missed: the owner is gone, or on a machine that is. */
const STALE_AFTER_MS = 120_000;

/** Who holds a lock. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  readonly id: string;
}

/** What decides whether a lock counts. */
export interface LockFacts {
  readonly owner: LockOwner | undefined;
  readonly ageMs: number;
  readonly host: string;
  readonly isAlive: (pid: number) => boolean;
}

/** True when the lock's owner cannot be working any more. */
export function isStaleLock({ owner, ageMs, host, isAlive }: LockFacts): boolean {
  if (ageMs > STALE_AFTER_MS) return true;
  return owner !== undefined && owner.host === host && !isAlive(owner.pid);
}

/** Which lock to take. `onWait` is told at once and every half minute while somebody else holds it. */
export interface LockRequest {
  readonly path: string;
  readonly onWait: (owner: LockOwner) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `work` while holding the lock. */
export async function withBuildLock<T>({ path, onWait, signal }: LockRequest, work: () => Promise<T>): Promise<T> {
  const owner: LockOwner = { pid: process.pid, host: hostname(), id: randomUUID() };
  let tellAtMs = performance.now();
  while (!(await tryLock(path, owner))) {
    const other = await observeLock(path);
    if (other && isStaleLock({ ...other, host: owner.host, isAlive })) await removeStaleLock(path, other.text);
    else {
      if (other?.owner && performance.now() >= tellAtMs) {
        onWait(other.owner);
        tellAtMs += TELL_EVERY_MS;
      }
      signal?.throwIfAborted();
      await pause(POLL_MS);
    }
  }
  const renewal = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), RENEW_MS);
  renewal.unref();
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await releaseLock(path, owner);
  }
}

interface ObservedLock {
  readonly owner: LockOwner | undefined;
  readonly ageMs: number;
  readonly text: string;
}

// A file that is complete before it gets its name: nobody reads half an owner.
async function tryLock(path: string, owner: LockOwner): Promise<boolean> {
  const draft = `${path}.${owner.id}`;
  await writeFile(draft, JSON.stringify(owner));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function observeLock(path: string): Promise<ObservedLock | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { owner: parseOwner(text), ageMs: Date.now() - mtimeMs, text };
  } catch {
    return undefined; // released meanwhile
  }
}

// Somebody else may have taken the stale lock over since we read it: what we moved away is then a good lock, and goes back.
async function removeStaleLock(path: string, staleText: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const text = await readFile(aside, 'utf8');
  if (text !== staleText) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function releaseLock(path: string, owner: LockOwner): Promise<void> {
  const held = await observeLock(path);
  if (held?.owner?.id === owner.id) await rm(path, { force: true });
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
