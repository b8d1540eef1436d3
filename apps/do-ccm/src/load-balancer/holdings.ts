// Which Service this process has given which balancer and name. Two workers may decide about two Services at the same moment, before the
// cache shows what the other has noted: here the second sees it. After a restart the notes in the annotations say the same.
import type { Holders } from './evidence.ts';

/** Decisions of this process, by UID of the Service. */
export class Holdings implements Holders {
  readonly #keys = new Map<string, readonly string[]>();

  /** From now on these are this Service's, and nothing else. */
  hold(uid: string, keys: readonly string[]): void {
    this.#keys.set(uid, keys);
  }

  /** The Service is gone, or has nothing any more. */
  release(uid: string): void {
    this.#keys.delete(uid);
  }

  isHeld(key: string, uid: string): boolean {
    return this.#keys.get(uid)?.includes(key) ?? false;
  }
}
