// The calls of leader election: one Lease, short time-outs. No decisions here; lease-elector.ts makes them with lease-plan.ts.
import type { Clock } from '@longshore/reconciler-core';
import { KubeApiError } from '../client/kube-api-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { leases } from '../client/resource-type.ts';
import type { KubeLease } from '../client/resource-type.ts';
import { isFree, seeLease } from './lease-plan.ts';
import type { SeenLease } from './lease-plan.ts';

/** One Lease and how to reach it. */
export interface LeaseAccessOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  readonly callTimeoutMs: number;
  /** A silent watch ends after this: either its connection is dead, or its leader. */
  readonly watchSilenceMs: number;
}

/** Why a watch ended: the Lease is free, it must be opened anew, it broke, or our role does not grant it. */
export type WatchEnd = 'free' | 'ended' | 'broken' | 'not-granted';

/** Reads and writes the Lease, and remembers when it changed. */
export class LeaseAccess {
  readonly #options: LeaseAccessOptions;
  #seen: SeenLease | undefined;
  #version: string | undefined;

  constructor(options: LeaseAccessOptions) {
    this.#options = options;
  }

  /** The record as last seen to change; undefined before the first look or when there is no Lease. */
  get seen(): SeenLease | undefined {
    return this.#seen;
  }

  async read(signal: AbortSignal): Promise<KubeLease | undefined> {
    const { client, namespace, name, callTimeoutMs } = this.#options;
    const found = await client.get(leases, { namespace, name }, { signal, timeoutMs: callTimeoutMs });
    this.#note(found);
    return found;
  }

  async create(lease: KubeLease, signal: AbortSignal): Promise<KubeLease> {
    const written = await this.#options.client.create(leases, lease, {
      signal,
      timeoutMs: this.#options.callTimeoutMs,
    });
    this.#note(written);
    return written;
  }

  /** A PUT with the resource version that was read: two writers cannot both succeed. */
  async replace(lease: KubeLease, signal: AbortSignal): Promise<KubeLease> {
    const written = await this.#options.client.replace(leases, lease, {
      signal,
      timeoutMs: this.#options.callTimeoutMs,
    });
    this.#note(written);
    return written;
  }

  /** Follows the Lease until it is free or the watch ends. `onChange` runs after each change was noted. */
  async watch(signal: AbortSignal, onChange: () => void): Promise<WatchEnd> {
    const { client, namespace, name, watchSilenceMs } = this.#options;
    try {
      const events = await client.watch(leases, {
        namespace,
        fieldSelector: `metadata.name=${name}`,
        // From what was read, so that nothing between that and the start of the watch is missed.
        ...(this.#version === undefined ? {} : { resourceVersion: this.#version }),
        inactivityMs: watchSilenceMs,
        signal,
      });
      for await (const { type, object } of events) {
        if (type === 'ERROR') return 'broken';
        if (type === 'BOOKMARK') continue;
        if (type === 'DELETED' || isFree(object)) return 'free';
        this.#note(object);
        onChange();
      }
      return 'ended';
    } catch (error) {
      return error instanceof KubeApiError && error.status === 403 ? 'not-granted' : 'broken';
    }
  }

  #note(found: KubeLease | undefined): void {
    this.#version = found?.metadata?.resourceVersion;
    this.#seen = found && seeLease(found, this.#seen, this.#options.clock.monotonicMs());
  }
}
