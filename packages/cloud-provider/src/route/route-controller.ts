// The route controller: one route in the cloud's network for each pod CIDR of each Node. run.ts wires it.
// Either every period (counted from start to start), or, behind a feature gate, when a Node's ranges or addresses change.
import {
  checkAgain,
  Controller,
  exponentialBackoff,
  OperatorError,
  backoff,
  periodic,
} from '@longshore/reconciler-core';
import type { Change, Clock, Logger, Metrics, Source } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient, KubeNode, Lister } from '@longshore/k8s-runtime';
import { controllerHealth } from '../instances/controller-health.ts';
import type { CloudController } from '../instances/health-report.ts';
import { loopHealth } from '../instances/loop-health.ts';
import { sameAddresses } from '../node/addresses.ts';
import type { NodeAddress, Routes } from '../provider.ts';
import { parseClusterCidrs } from './cidr.ts';
import { podCidrsOf } from './route-plan.ts';
import { RoutePass } from './route-pass.ts';

/** What the route controller needs. */
export interface RouteControllerOptions {
  readonly nodes: Source<KubeNode> & Lister<KubeNode>;
  readonly routes: Routes;
  readonly client: KubeClient;
  /** Component `route_controller` (underscore). */
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** `--cluster-name`. */
  readonly clusterName: string;
  /** `--cluster-cidr` as given; a wrong one makes createRouteController throw an OperatorError with disposition `never`. */
  readonly clusterCidr: string;
  /** `--route-reconciliation-period`; 10000 by default. */
  readonly periodMs?: number | undefined;
  /** Gate CloudControllerManagerWatchBasedRoutesReconciliation; false by default: every period. */
  readonly isWatchBased?: boolean | undefined;
  /** Watch mode: passes start at least so far apart; 10000 by default. */
  readonly spacingMs?: number | undefined;
  /** Route operations in flight; 200 by default. */
  readonly operationsInFlight?: number | undefined;
  /** I12, as in NodeControllerOptions. */
  readonly providerIdSchemes?: readonly string[] | undefined;
  readonly isDryRun?: boolean | undefined;
}

type Pass = (signal: AbortSignal) => Promise<number>;

const NAME = 'route';
const KEY = 'routes';
// Watch mode: what went wrong is repeated with pauses that grow up to this.
const LONGEST_PAUSE_MS = 5 * 60_000;
// Watch mode: a pass although no Node changed, because somebody may have changed the cloud.
const RESYNC_MS = 12 * 3600_000;
const LONGEST_PASS_MS = 10 * 60_000;

/** Makes the route controller; throws when the cluster CIDRs are wrong (the process must end). */
export function createRouteController(options: RouteControllerOptions): CloudController {
  const routePass = new RoutePass({
    ...options,
    clusterCidrs: parseClusterCidrs(options.clusterCidr),
    operationsInFlight: options.operationsInFlight ?? 200,
    providerIdSchemes: options.providerIdSchemes,
    isDryRun: options.isDryRun ?? false,
  });
  const passes = options.metrics.counter({
    name: 'route_controller_route_sync_total',
    help: 'Passes over all routes',
  });
  const pass: Pass = (signal) => {
    passes.inc();
    return routePass.run(signal);
  };
  return options.isWatchBased ? watchBased(options, pass) : inPeriods(options, pass);
}

// The next period repairs what failed in this one.
function inPeriods({ nodes, clock, log, periodMs = 10_000 }: RouteControllerOptions, pass: Pass): CloudController {
  const health = loopHealth({ clock, everyMs: periodMs });
  const loop = periodic({
    name: NAME,
    everyMs: periodMs,
    clock,
    log,
    countFrom: 'start',
    work: (signal) => health.during(async () => void (await pass(signal))),
  });
  return {
    name: NAME,
    check: () => health.check(),
    async run(signal) {
      // Without a complete list of Nodes all routes would look superfluous.
      await nodes.synced(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      await loop.run(signal);
    },
  };
}

function watchBased(options: RouteControllerOptions, pass: Pass): CloudController {
  const { nodes, clock, log, metrics, spacingMs = 10_000 } = options;
  let earliestMs = -Infinity;
  const controller = new Controller<string>({
    name: NAME,
    queueName: 'Routes',
    workers: 1,
    clock,
    log,
    metrics,
    limiter: exponentialBackoff({ baseMs: spacingMs, capMs: LONGEST_PAUSE_MS }),
    reconcile: async (_key, { signal }) => {
      earliestMs = clock.monotonicMs() + spacingMs;
      const failures = await pass(signal);
      if (failures === 0) return checkAgain(RESYNC_MS, 'the regular comparison');
      throw new OperatorError(
        'ROUTES_INCOMPLETE',
        `${failures} changes of routes or conditions failed, see above`,
        backoff,
      );
    },
  });
  controller.watch(nodes, (change) => {
    if (concernsRoutes(change)) controller.enqueueAfter(KEY, Math.max(0, earliestMs - clock.monotonicMs()));
    return [];
  });
  controller.enqueue(KEY);
  return {
    name: NAME,
    check: () => controllerHealth(controller, LONGEST_PASS_MS),
    run: (signal) => controller.run(signal),
  };
}

// Heartbeats are most of a Node's updates, and no concern of routes.
function concernsRoutes(change: Change<KubeNode>): boolean {
  if (change.kind !== 'updated') return true;
  const { before, object } = change;
  return (
    podCidrsOf(before).join() !== podCidrsOf(object).join() || !sameAddresses(addressesOf(before), addressesOf(object))
  );
}

function addressesOf(node: KubeNode): readonly NodeAddress[] {
  return (node.status?.addresses ?? []) as readonly NodeAddress[];
}
