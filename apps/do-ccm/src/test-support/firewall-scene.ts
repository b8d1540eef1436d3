// The public access firewall over a simulated cloud, with Services that the test sets and time that it moves. Passes talk real HTTP:
// `pass` waits until one has ended before time may go on.
import { RecordedEvents } from '@longshore/cloud-provider/testing';
import type { DigitalOceanOptions } from '@longshore/cloud-simulators';
import type { KubeService } from '@longshore/k8s-runtime';
import { FakeSource, fakeMetrics, waitFor } from '@longshore/reconciler-core/testing';
import { PublicAccessFirewall } from '../firewall/firewall-controller.ts';
import { BalancerList } from '../load-balancer/observe.ts';
import { aWorld } from './world.ts';
import type { World } from './world.ts';

const RESULTS = [
  { result: 'reconciled', error_type: '' },
  { result: 'skipped', error_type: '' },
  { result: 'failed', error_type: 'generic' },
  { result: 'failed', error_type: 'timeout' },
];

// Less than what a pass may take.
const STEP_MS = 10_000;

/** One firewall named `public` for droplets with the tag `k8s`. */
export class FirewallScene {
  readonly world: World;
  readonly services = new FakeSource<KubeService>();
  readonly events = new RecordedEvents();
  readonly metrics = fakeMetrics();
  readonly firewall: PublicAccessFirewall;
  readonly #stop = new AbortController();
  #run: Promise<void> = Promise.resolve();
  #underWay = 0;

  /** Starts the simulator; `begin` starts the controller. */
  static async open(cloud: DigitalOceanOptions = {}): Promise<FirewallScene> {
    const world = await aWorld({ cloud: { timeToActiveMs: 0, ...cloud } });
    world.cloud.addDroplet({ id: 900, tags: ['k8s'] });
    return new FirewallScene(world);
  }

  private constructor(world: World) {
    this.world = world;
    const { api, clock, log } = world;
    const list = new BalancerList({ loadBalancers: api.loadBalancers, clock });
    this.firewall = new PublicAccessFirewall({
      settings: { name: 'public', tags: ['k8s'] },
      defaultType: 'REGIONAL_NETWORK',
      calls: {
        list: (signal) => this.#counted(api.firewalls.list(signal)),
        get: (id, signal) => this.#counted(api.firewalls.get(id, signal)),
        create: (spec, signal) => this.#counted(api.firewalls.create(spec, signal)),
        update: (id, spec, signal) => this.#counted(api.firewalls.update(id, spec, signal)),
      },
      balancers: (maxAgeMs, signal) => this.#counted(list.get(maxAgeMs, signal)),
      syncPeriodMs: 300_000,
      clock,
      log,
      metrics: this.metrics,
    });
  }

  /** Starts the controller and waits for its first pass. */
  async begin(): Promise<this> {
    const { services, events } = this;
    const controller = this.firewall.controller({ services, serviceChanges: services, events });
    await this.pass(async () => {
      this.#run = controller.run(this.#stop.signal);
      await this.world.clock.advance(1_000);
    });
    return this;
  }

  /** Does something and waits until the pass that follows has ended. */
  async pass(trigger: () => unknown): Promise<void> {
    const before = this.passes;
    await trigger();
    await waitFor(() => this.passes > before, { what: 'the end of a pass' });
    await this.world.clock.settle();
  }

  /** The drift check comes round. */
  driftCheck(): Promise<void> {
    return this.pass(() => this.world.clock.advance(300_000));
  }

  /** Time goes by, and stands still while a call is under way. */
  async elapse(ms: number): Promise<void> {
    const { clock } = this.world;
    for (let left = ms; left > 0; left -= STEP_MS) {
      await clock.advance(Math.min(left, STEP_MS));
      while (this.#underWay > 0) {
        await waitFor(() => this.#underWay === 0, { what: 'the end of a call', everyMs: 1 });
        await clock.settle();
      }
    }
  }

  /** Services change; the pass comes a second later. */
  change(...services: readonly KubeService[]): Promise<void> {
    return this.pass(async () => {
      for (const service of services) this.put(service);
      await this.world.clock.advance(1_000);
    });
  }

  /** Adds or replaces a Service. */
  put(service: KubeService): void {
    this.services.set(`${service.metadata?.namespace}/${service.metadata?.name}`, service);
  }

  /** Passes that have ended. */
  get passes(): number {
    return RESULTS.reduce((sum, labels) => sum + (this.metrics.value('firewall_reconciles_total', labels) ?? 0), 0);
  }

  async #counted<T>(call: Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await call;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Firewalls in the cloud: name, what they let in, by what. */
  get opened(): readonly string[] {
    return [...this.world.cloud.state.firewalls.values()].flatMap(({ inbound_rules: rules }) =>
      rules.map(
        ({ protocol, ports, sources }) =>
          `${protocol} ${ports} ${Object.values(sources ?? {})
            .flat()
            .join(' ')}`,
      ),
    );
  }

  /** Calls about firewalls, in order: `GET /v2/firewalls`. */
  get calls(): readonly string[] {
    return this.world.cloud.calls.records
      .filter(({ template }) => template.startsWith('/v2/firewalls'))
      .map(({ method, template }) => `${method} ${template}`);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await this.#run;
    await this.world.close();
  }
}
