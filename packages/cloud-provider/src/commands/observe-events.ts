// Reads the events about one object. A failure is an answer: the service account of a controller may write events, but often not list them.
import { messageOf } from '@longshore/reconciler-core';
import { events as eventType } from '@longshore/k8s-runtime';
import type { CommandContext } from './command.ts';
import { latestEvents } from './explain-events.ts';
import type { ExplainedEvents } from './explain-events.ts';
import { listAll } from './observe-cluster.ts';
import type { ObjectReference } from './plan-report.ts';

/** The latest events about this object. */
export async function observeEvents(
  { client, signal }: CommandContext,
  { kind, name, namespace }: ObjectReference,
): Promise<ExplainedEvents> {
  const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
  try {
    // Events about cluster-scoped objects live in the namespace `default`.
    const found = await listAll(client, eventType, { namespace: namespace ?? 'default', fieldSelector, signal });
    return { events: latestEvents(found) };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: messageOf(error) };
  }
}
