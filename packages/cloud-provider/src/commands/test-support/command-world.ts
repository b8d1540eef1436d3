// A cluster and a cloud in memory for tests of commands, with everything that they may not touch recorded.
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { events, nodes, services } from '@longshore/k8s-runtime';
import type { KubeEvent, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import type { CloudProvider, LoadBalancerPlan } from '../../provider.ts';
import { selectTargets } from '../../service/targets.ts';
import { FakeInstances } from '../../testing/fake-instances.ts';
import { FakeLoadBalancers } from '../../testing/fake-load-balancers.ts';
import type { FakeBalancer, FakeLoadBalancersOptions } from '../../testing/fake-load-balancers.ts';
import { FakeRoutes } from '../../testing/fake-routes.ts';
import type { Command, CommandContext } from '../command.ts';

/** Balancers whose plans say which status belongs to them, as real providers can. */
class KnowingLoadBalancers extends FakeLoadBalancers {
  override async plan(...[service, nodes]: Parameters<FakeLoadBalancers['plan']>): Promise<LoadBalancerPlan> {
    const plan = await super.plan(service, nodes);
    const found = this.balancers.get(service.metadata?.uid ?? '');
    return plan.wanted && found ? { ...plan, status: found.status } : plan;
  }
}

/** The world of one test. */
export class CommandWorld {
  readonly clock = new FakeClock();
  readonly client = new FakeKubeClient({ now: () => this.clock.nowMs() });
  readonly instances = new FakeInstances({ clock: this.clock });
  readonly balancers: FakeLoadBalancers;
  readonly routes = new FakeRoutes({ clock: this.clock });
  readonly log = recordingLogger();

  constructor(options: Omit<FakeLoadBalancersOptions, 'clock'> = {}) {
    this.balancers = new KnowingLoadBalancers({ ...options, clock: this.clock });
  }

  /** Puts objects into the cluster. */
  put(...objects: readonly (KubeNode | KubeService)[]): this {
    for (const object of objects) {
      if (object.kind === 'Node') this.client.put(nodes, object as KubeNode);
      else this.client.put(services, object as KubeService);
    }
    return this;
  }

  /** Names of the Nodes that balancers send traffic to. */
  targetNames(): readonly string[] {
    return selectTargets(this.client.objects(nodes)).nodes.map(({ metadata }) => metadata?.name ?? '');
  }

  /** A balancer in the cloud for a Service that is in the cluster already. */
  putBalancer(key: string, traits: Partial<FakeBalancer> = {}): this {
    const uid = this.client.object(services, key)?.metadata?.uid ?? '';
    const status = { ingress: [{ ip: '192.0.2.1' }] };
    this.balancers.balancers.set(uid, { uid, service: key, status, nodes: [], ports: [80], ...traits });
    return this;
  }

  /** An event about an object of this kind. */
  putEvent(kind: string, key: { readonly name: string; readonly namespace: string }, event: Partial<KubeEvent>): this {
    const name = `${key.name}.${this.client.objects(events).length}`;
    const involvedObject = { kind, ...key };
    this.client.put(events, { metadata: { name, namespace: key.namespace }, involvedObject, ...event });
    return this;
  }

  /** Runs the command; rejects with its error. */
  async run(
    command: Command,
    args: readonly string[] = [],
    overrides: Partial<CommandContext> & { readonly parts?: Partial<CloudProvider> } = {},
  ): Promise<{ readonly code: number; readonly text: string }> {
    const { parts, ...context } = overrides;
    let text = '';
    const code = await command.run(
      {
        provider: {
          name: 'fake',
          instances: this.instances,
          loadBalancers: this.balancers,
          routes: this.routes,
          ...parts,
        },
        client: this.client,
        clock: this.clock,
        log: this.log,
        clusterName: 'test',
        output: 'text',
        signal: new AbortController().signal,
        write: (part) => (text += part),
        routes: { clusterCidrs: ['10.244.0.0/16'] },
        ...context,
      },
      args,
    );
    return { code, text };
  }

  /** Everything that was changed, in cluster and cloud; must stay empty. */
  get changes(): readonly string[] {
    return [
      ...this.client.callsOf().map(({ verb, key = '' }) => `cluster: ${verb} ${key}`),
      ...this.client.callsOf('raw').map(({ resource }) => `cluster: raw ${resource}`),
      ...this.balancers.calls.flatMap(({ call, service }) =>
        call === 'plan' ? [] : [`balancers: ${call} ${service}`],
      ),
      ...this.routes.changes.map((change) => `routes: ${change}`),
    ];
  }
}
