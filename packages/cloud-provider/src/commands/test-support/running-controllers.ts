// All four controllers on the world of a test, for as long as it takes: what `plan` says is compared with what they do.
import { fakeMetrics } from '@longshore/reconciler-core/testing';
import { Informer, nodes as nodeType, services as serviceType } from '@longshore/k8s-runtime';
import { BatchedInstances } from '../../instances/batched-instances.ts';
import { createNodeLifecycleController } from '../../node-lifecycle/node-lifecycle-controller.ts';
import { createNodeController } from '../../node/node-controller.ts';
import { createRouteController } from '../../route/route-controller.ts';
import { createServiceController } from '../../service/service-controller.ts';
import { RecordedEvents } from '../../testing/recorded-events.ts';
import type { CommandWorld } from './command-world.ts';

/** Runs them for `forMs` of the world's time, then ends them. */
export async function runControllers(world: CommandWorld, forMs: number): Promise<void> {
  const { client, clock, log } = world;
  const shared = { client, clock, log, metrics: fakeMetrics(), events: new RecordedEvents() };
  const nodes = new Informer({ client, clock, log, type: nodeType });
  const services = new Informer({ client, clock, log, type: serviceType });
  const instances = new BatchedInstances({ instances: world.instances, clock });
  const node = createNodeController({ ...shared, nodes, instances });
  const loops = [
    nodes,
    services,
    node.controller,
    node.statusLoop,
    createNodeLifecycleController({ ...shared, nodes, instances }),
    createServiceController({ ...shared, nodes, services, loadBalancers: world.balancers }),
    createRouteController({
      ...shared,
      nodes,
      routes: world.routes,
      clusterName: 'test',
      clusterCidr: '10.244.0.0/16',
    }),
  ];
  const stop = new AbortController();
  const ended = Promise.all(loops.map((loop) => loop.run(stop.signal)));
  await clock.settle();
  for (let passedMs = 0; passedMs < forMs; passedMs += 500) await clock.advance(500);
  stop.abort(new Error('the test is over'));
  await clock.advance(10_000);
  await ended;
}
