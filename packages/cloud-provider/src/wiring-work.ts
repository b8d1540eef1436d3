// The four controllers of a program, made out of its flags and its provider: which run, and why the others do not (P13). Making them
// touches neither cluster nor cloud; wiring-leading.ts runs them.
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import type { EventRecorder, Informer, KubeClient, KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { CcmFlagValues } from './flags.ts';
import { BatchedInstances } from './instances/batched-instances.ts';
import type { CloudController } from './instances/health-report.ts';
import { createNodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import { createNodeController } from './node/node-controller.ts';
import type { CloudProvider, Instances } from './provider.ts';
import { createRouteController } from './route/route-controller.ts';
import { createServiceController } from './service/service-controller.ts';
import { controllerNames, parseControllers } from './wiring-controllers.ts';
import type { ControllerName } from './wiring-controllers.ts';
import { dryRunEvents, dryRunLoadBalancers } from './wiring-dry-run.ts';
import { isGateOn } from './wiring-gates.ts';

/** What controllers are made of. */
export interface WorkMaterial {
  readonly flags: CcmFlagValues;
  readonly provider: CloudProvider;
  readonly client: KubeClient;
  readonly nodes: Informer<KubeNode>;
  /** Made on demand: a program without load balancers needs no right to read Services. */
  readonly services: () => Informer<KubeService>;
  readonly events: (component: string) => EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** One controller that runs, with its parts. */
export interface Work {
  readonly about: ControllerName;
  readonly parts: readonly CloudController[];
}

/** Makes the chosen controllers that the provider supports, in the order of their start. Throws for wrong settings of routes. */
export function createWork(material: WorkMaterial): readonly Work[] {
  const { flags, provider, clock, log } = material;
  const parsed = parseControllers(flags.controllers);
  const chosen = 'chosen' in parsed ? parsed.chosen : new Set<ControllerName['name']>();
  const instances = provider.instances && new BatchedInstances({ instances: provider.instances, clock });
  const work: Work[] = [];
  for (const about of controllerNames) {
    const skipped = chosen.has(about.name) ? reasonToSkip(about.name, material) : 'it is not in --controllers';
    if (skipped === undefined) work.push({ about, parts: partsOf(about, material, instances) });
    else log.warn('controller skipped', { controller: about.name, reason: skipped });
  }
  return work;
}

function reasonToSkip(name: ControllerName['name'], { provider, flags }: WorkMaterial): string | undefined {
  switch (name) {
    case 'cloud-node-controller':
    case 'cloud-node-lifecycle-controller':
      return provider.instances ? undefined : 'the cloud provider does not support instances';
    case 'service-lb-controller':
      return provider.loadBalancers ? undefined : 'the cloud provider does not support load balancers';
    case 'node-route-controller':
      if (!flags['configure-cloud-routes']) return 'it is not configured, see --configure-cloud-routes';
      return provider.routes ? undefined : 'the cloud provider does not support routes';
  }
}

function partsOf(
  about: ControllerName,
  material: WorkMaterial,
  instances: Instances | undefined,
): readonly CloudController[] {
  switch (about.name) {
    case 'cloud-node-controller':
      return instances ? nodeParts(about, material, instances) : [];
    case 'cloud-node-lifecycle-controller':
      return instances ? [lifecyclePart(about, material, instances)] : [];
    case 'service-lb-controller':
      return servicePart(about, material);
    case 'node-route-controller':
      return routePart(about, material);
  }
}

function nodeParts(about: ControllerName, material: WorkMaterial, instances: Instances): readonly CloudController[] {
  const { flags } = material;
  const { controller, statusLoop } = createNodeController({
    ...toolsOf(about, material),
    instances,
    workers: flags['concurrent-node-syncs'],
    statusWorkers: flags['concurrent-node-status-updates'],
    statusFrequencyMs: flags['node-status-update-frequency'],
    refreshLabels: flags['refresh-node-labels'],
    providerIdSchemes: material.provider.providerIdSchemes,
  });
  return [controller, statusLoop];
}

function lifecyclePart(about: ControllerName, material: WorkMaterial, instances: Instances): CloudController {
  const { flags } = material;
  return createNodeLifecycleController({
    ...toolsOf(about, material),
    instances,
    periodMs: flags['node-monitor-period'],
    graceMs: flags['node-deletion-grace-period'],
    providerIdSchemes: material.provider.providerIdSchemes,
  });
}

function servicePart(about: ControllerName, material: WorkMaterial): readonly CloudController[] {
  const { flags, provider, services, log } = material;
  if (!provider.loadBalancers) return [];
  const tools = toolsOf(about, material);
  return [
    createServiceController({
      ...tools,
      services: services(),
      loadBalancers: tools.isDryRun ? dryRunLoadBalancers(provider.loadBalancers, log) : provider.loadBalancers,
      workers: flags['concurrent-service-syncs'],
      syncPeriodMs: flags['load-balancer-sync-period'],
      removesDoomedAtOnce: flags['drain-nodes-before-scale-down'],
    }),
  ];
}

function routePart(about: ControllerName, material: WorkMaterial): readonly CloudController[] {
  const { flags, provider } = material;
  if (!provider.routes) return [];
  return [
    createRouteController({
      ...toolsOf(about, material),
      routes: provider.routes,
      clusterName: flags['cluster-name'],
      clusterCidr: flags['cluster-cidr'],
      providerIdSchemes: provider.providerIdSchemes,
      periodMs: flags['route-reconciliation-period'],
      isWatchBased: isGateOn(flags['feature-gates'], 'CloudControllerManagerWatchBasedRoutesReconciliation'),
    }),
  ];
}

interface Tools extends Pick<WorkMaterial, 'client' | 'nodes' | 'clock' | 'log' | 'metrics'> {
  readonly events: EventRecorder;
  readonly isDryRun: boolean;
}

function toolsOf(about: ControllerName, material: WorkMaterial): Tools {
  const { client, nodes, events, clock, metrics, flags } = material;
  const isDryRun = flags['dry-run'];
  const log = material.log.child({ name: about.alias });
  return {
    client: client.named(about.client),
    nodes,
    events: isDryRun ? dryRunEvents(log) : events(about.component),
    clock,
    log,
    metrics,
    isDryRun,
  };
}
