// Machines as this program knows them best: the cache, or its own last write while the cache has not seen it yet. A controller that reads
// its own writes does not send a second POST because a watch is late.
import { keyOf } from '@longshore/k8s-runtime';
import type { Lister } from '@longshore/k8s-runtime';
import type { Machine } from '../api/objects.ts';

/** Reads what was written. */
export class NewestMachines {
  readonly #cache: Lister<Machine>;
  readonly #written = new Map<string, Machine>();

  constructor(cache: Lister<Machine>) {
    this.#cache = cache;
  }

  /** By `namespace/name`. */
  get(key: string): Machine | undefined {
    const cached = this.#cache.get(key);
    const written = this.#written.get(key);
    if (written === undefined) return cached;
    if (cached !== undefined && isNewer(written, cached)) return written;
    this.#written.delete(key);
    return cached;
  }

  /** What the API server answered to a write or a read. */
  put(machine: Machine): void {
    this.#written.set(keyOf(machine), machine);
  }

  /** The object is gone. */
  forget(key: string): void {
    this.#written.delete(key);
  }
}

// Versions of one object grow (Kubernetes says so since 1.35, etcd always did); another uid is another object, and the cache has the last.
function isNewer(written: Machine, cached: Machine): boolean {
  if (written.metadata?.uid !== cached.metadata?.uid) return false;
  return Number(written.metadata?.resourceVersion) > Number(cached.metadata?.resourceVersion);
}
