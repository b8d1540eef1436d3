// Names of new machines: `<set>-xxxxx`, chosen by us and not by the API server. When the answer to a create is lost, the next pass tries the
// very same name again, so a create that arrives late cannot make a machine too many.

// As in Kubernetes' generated names: no vowels and no digits that look like letters.
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX = 5;
// A machine's name is a host name, which has 63 characters at most.
const LONGEST_BASE = 63 - SUFFIX;

/** A new name for a machine of the set `setName`. `random` gives numbers from 0 to below 1. */
export function machineName(setName: string, random: () => number): string {
  const letters = Array.from({ length: SUFFIX }, () => ALPHABET[Math.floor(random() * ALPHABET.length)] ?? 'b');
  return `${setName}-`.slice(0, LONGEST_BASE) + letters.join('');
}

/** Names whose creation had no answer, by UID of their set. Lives as long as the controller: a restart takes longer than any request. */
export class UncertainNames {
  readonly #bySet = new Map<string, Set<string>>();

  /** The uncertain names of a set that do not exist so far: they are to be used first. */
  of(setUid: string, existing: ReadonlySet<string>): readonly string[] {
    const names = this.#bySet.get(setUid);
    if (!names) return [];
    for (const name of existing) this.settle(setUid, name);
    return [...names];
  }

  /** Whether `name` was created or not is unknown. */
  add(setUid: string, name: string): void {
    const names = this.#bySet.get(setUid) ?? new Set();
    this.#bySet.set(setUid, names.add(name));
  }

  /** What became of `name` is known. */
  settle(setUid: string, name: string): void {
    const names = this.#bySet.get(setUid);
    if (names?.delete(name) && names.size === 0) this.#bySet.delete(setUid);
  }
}
