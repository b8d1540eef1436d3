// Metrics about servers; names are contracts. Devices are counted at each scrape, from the last sweep.
import { noMetrics } from '@longshore/reconciler-core';
import type { Metrics } from '@longshore/reconciler-core';
import type { ServerCreation, StrayServer } from './contract.ts';

/** What is counted at a scrape. */
export interface ServerCount {
  /** Of our clusters. */
  readonly devices: readonly { readonly state: string }[];
  readonly strays: readonly StrayServer[];
  readonly nowMs: number;
}

/** Counts creations. */
export interface ServerMeter {
  created(creation: ServerCreation): void;
}

/** The meter; `count` is asked at each scrape. */
export function serverMeter(metrics: Metrics = noMetrics, count: () => ServerCount): ServerMeter {
  const devices = metrics.gauge({
    name: 'packet_servers',
    help: 'Devices with the tag of a cluster in the last list, by state as the API names it',
    labels: ['state'],
  });
  const strays = metrics.gauge({
    name: 'packet_stray_servers',
    help: 'Devices with the tag of a cluster that no Machine owns: they cost money and nobody removes them',
  });
  const longest = metrics.gauge({
    name: 'packet_stray_server_longest_seconds',
    help: 'Time since the longest known stray device was first seen without an owner',
  });
  const creations = metrics.counter({
    name: 'packet_server_creations_total',
    help: 'Orders of devices, by result (created, in-doubt, or why they were refused)',
    labels: ['result'],
  });
  const states = new Set<string>();
  metrics.onScrape(() => {
    const found = count();
    const byState = Map.groupBy(found.devices, ({ state }) => state);
    for (const state of byState.keys()) states.add(state);
    for (const state of states) devices.set(byState.get(state)?.length ?? 0, { state });
    strays.set(found.strays.length);
    const ages = found.strays.map(({ sinceMs }) => (found.nowMs - sinceMs) / 1000);
    longest.set(Math.max(0, ...ages));
  });
  return {
    created: (creation) => creations.inc({ result: creation.state === 'refused' ? creation.why : creation.state }),
  };
}
