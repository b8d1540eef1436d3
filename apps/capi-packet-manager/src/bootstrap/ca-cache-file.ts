// The file of `-ca-cache` on disk. Read once at start, written whole on every change: to a temporary file that is flushed and renamed, so
// that a crash leaves the old or the new content.
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError, never } from '@longshore/reconciler-core';
import type { CaCache } from './ca-cache.ts';
import { formatCaCache, parseCaCache } from './ca-cache.ts';
import type { CertificatePair } from './contract.ts';

/** CA pairs by cluster name, on disk. */
export class CaCacheFile {
  readonly #path: string;
  readonly #pairs: Map<string, CertificatePair>;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(path: string, pairs: CaCache) {
    this.#path = path;
    this.#pairs = new Map(pairs);
  }

  /** Reads the file; absent is empty, anything else that cannot be read ends the process (CA_CACHE_INVALID, CA_CACHE_UNREADABLE). */
  static async open(path: string): Promise<CaCacheFile> {
    return new CaCacheFile(path, parseCaCache(await readIfThere(path), path));
  }

  /** The CA of a cluster. */
  get(cluster: string): CertificatePair | undefined {
    return this.#pairs.get(cluster);
  }

  /** Remembers a CA; nothing is written when it is there already. */
  async set(cluster: string, pair: CertificatePair): Promise<void> {
    const known = this.#pairs.get(cluster);
    if (known?.certPem === pair.certPem && known.keyPem === pair.keyPem) return;
    this.#pairs.set(cluster, pair);
    await this.#write();
  }

  /** Forgets a CA, when its cluster is deleted. */
  async delete(cluster: string): Promise<void> {
    if (this.#pairs.delete(cluster)) await this.#write();
  }

  // One after the other: two writers of one temporary file would mix their content.
  #write(): Promise<void> {
    const write = (): Promise<void> => writeAtomically(this.#path, formatCaCache(this.#pairs));
    this.#lastWrite = this.#lastWrite.then(write, write);
    return this.#lastWrite;
  }
}

/** Writes a file so that its path has the old or the new content at every moment; mode 0600. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // A draft that a crash left keeps its mode.
    await chmod(draft, 0o600);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

// Some file systems refuse it; the rename is done all the same.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new OperatorError('CA_CACHE_UNREADABLE', `the CA cache file ${path} cannot be read`, never, { cause: error });
  }
}
