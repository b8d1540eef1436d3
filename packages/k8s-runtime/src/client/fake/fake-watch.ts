// One open watch of a FakeKubeClient: an unbounded queue of events with an end.
import type { WatchEvent } from '../kube-client.ts';
import { KubeTransportError } from '../kube-transport-error.ts';
import type { KubeObject } from '../resource-type.ts';

/** Events for one reader. */
export class FakeWatch<T extends KubeObject> {
  readonly #events: WatchEvent<T>[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error?: Error } | undefined;

  push(event: WatchEvent<T>): void {
    this.#events.push(event);
    this.#wake?.();
  }

  /** Regular end; what was pushed before is still read. */
  end(): void {
    this.#finish({});
  }

  /** The connection breaks; what was pushed before is still read. */
  break(): void {
    const cause = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    this.#finish({ error: new KubeTransportError('KUBE_API_UNREACHABLE', 'watch broke: aborted', cause) });
  }

  async *read(signal: AbortSignal | undefined, onClose: () => void): AsyncGenerator<WatchEvent<T>> {
    const onAbort = (): void => this.#wake?.();
    signal?.addEventListener('abort', onAbort);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const event = this.#events.shift();
        if (event) yield event;
        else if (this.#end) return this.#leave(this.#end);
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      onClose();
    }
  }

  #leave({ error }: { readonly error?: Error }): void {
    if (error) throw error;
  }

  #finish(end: { readonly error?: Error }): void {
    this.#end ??= end;
    this.#wake?.();
  }
}
