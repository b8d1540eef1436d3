// An event recorder that keeps what it is told, for assertions.
import type { EventRecorder, KubeObject } from '@longshore/k8s-runtime';

/** One event, as `Normal Synced node-1: Node synced successfully`, and its parts. */
export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly about: string;
  readonly reason: string;
  readonly message: string;
}

/** Records events in order. */
export class RecordedEvents implements EventRecorder {
  readonly all: RecordedEvent[] = [];

  normal(about: KubeObject, reason: string, message: string): void {
    this.all.push({ type: 'Normal', about: about.metadata?.name ?? '', reason, message });
  }

  warning(about: KubeObject, reason: string, message: string): void {
    this.all.push({ type: 'Warning', about: about.metadata?.name ?? '', reason, message });
  }

  /** Events with this reason. */
  of(reason: string): readonly RecordedEvent[] {
    return this.all.filter((event) => event.reason === reason);
  }
}
