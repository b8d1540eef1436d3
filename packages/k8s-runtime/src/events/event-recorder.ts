// Events as controllers write them. The recorder aggregates, filters spam and sends in the background (queue-backed implementation beside this file).
import type { KubeObject } from '../client/resource-type.ts';

/** Writes Kubernetes Events about objects. Never throws, never waits: an event is help for people, not part of the work. */
export interface EventRecorder {
  normal(about: KubeObject, reason: string, message: string): void;
  warning(about: KubeObject, reason: string, message: string): void;
}
