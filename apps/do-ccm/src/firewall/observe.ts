// Finds the firewall: by the ID under which it was last seen, else by name in a complete list. A list that fails rejects, so that "not found"
// always means that the API has shown all firewalls: only then may one be created, and a POST whose answer was lost is found here.
import type { Firewall, FirewallId } from '@longshore/digitalocean-api';
import type { FirewallCalls } from './measured-calls.ts';

/** Remembers the ID, nothing else. */
export class FirewallFinder {
  readonly #calls: Pick<FirewallCalls, 'get' | 'list'>;
  readonly #name: string;
  #id: FirewallId | undefined;

  constructor(calls: Pick<FirewallCalls, 'get' | 'list'>, name: string) {
    this.#calls = calls;
    this.#name = name;
  }

  /** The firewall; undefined when there is none. */
  async find(signal: AbortSignal): Promise<Firewall | undefined> {
    const known = this.#id === undefined ? undefined : await this.#calls.get(this.#id, signal);
    const found = known ?? (await this.#calls.list(signal)).find(({ name }) => name === this.#name);
    this.#id = found?.id;
    return found;
  }

  /** The firewall as it was just created or changed; undefined: the API has said that it is gone. */
  learn(firewall: Firewall | undefined): void {
    this.#id = firewall?.id;
  }
}
