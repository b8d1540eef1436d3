// MetalLB up to 0.12: its configuration is one text in a ConfigMap that belongs to its users as well. Read, edit, write with the version
// that was read; when somebody else was quicker, all of it once more. One of the two announcers of metallb/.
import { backoff, KeyedLock, OperatorError } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { configMaps, isConflict } from '@longshore/k8s-runtime';
import type { KubeClient, KubeConfigMap, NeededRight } from '@longshore/k8s-runtime';
import type { Announcement, Announcer, ServiceName } from '../announcer.ts';
import { describePoolStep, planPools, planPoolsWithout } from './config-map-pools.ts';
import type { PoolStep } from './config-map-pools.ts';
import type { ConfigText, TextPeer } from './config-map-text.ts';
import { describePeerStep, planPeers, planPeersWithout, wantedPeers } from './peers-plan.ts';
import type { PeerStep } from './peers-plan.ts';
import { RecentReading } from './recent-reading.ts';

/** Options of MetalLbConfigMap. */
export interface MetalLbConfigMapOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly namespace: string;
  readonly name: string;
  /** With it the Services of a moment share what is read. */
  readonly clock?: Clock | undefined;
}

interface Steps {
  readonly peers: readonly PeerStep<TextPeer>[];
  readonly pools: readonly PoolStep[];
}

type Settings = Pick<ConfigText, 'peers' | 'pools'>;
type Plan = (settings: Settings) => Steps;

interface Read extends Settings {
  readonly object: KubeConfigMap;
  readonly text: string;
}

const KEY = 'config';
const MOST_ATTEMPTS = 10;

/** Announces by MetalLB's ConfigMap. */
export class MetalLbConfigMap implements Announcer {
  readonly #options: MetalLbConfigMapOptions;
  // Services of this process take turns; the version guards against everybody else.
  readonly #lock = new KeyedLock<'text'>();
  readonly #recent: RecentReading<Read | undefined>;
  // Reading a long text takes a while: what was read of the last one serves all Services as long as it is the same.
  #last: (Settings & { readonly text: string }) | undefined;

  constructor(options: MetalLbConfigMapOptions) {
    this.#options = options;
    this.#recent = new RecentReading(options.clock);
  }

  async announce(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]> {
    const plan = await planOf(announcement);
    const changes = await this.#lock.run('text', () => this.#editAlone(plan, signal), signal);
    if (changes === 'missing') throw this.#missing();
    return changes;
  }

  async withdraw(service: ServiceName, signal: AbortSignal): Promise<readonly string[]> {
    const plan: Plan = ({ peers, pools }) => ({
      peers: planPeersWithout(service, peers, false),
      pools: planPools(service, [], pools),
    });
    return this.#editIfThere(plan, signal);
  }

  async withdrawAddresses(addresses: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    return this.#editIfThere(({ pools }) => ({ peers: [], pools: planPoolsWithout(addresses, pools) }), signal);
  }

  async preview(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]> {
    const plan = await planOf(announcement);
    const found = await this.#read(signal);
    if (found === undefined) throw this.#missing();
    return describe(plan(found));
  }

  async #editIfThere(plan: Plan, signal: AbortSignal): Promise<readonly string[]> {
    const edit = async (): Promise<readonly string[] | 'missing'> => {
      // An address is given back after this: what is there now counts.
      this.#recent.forget();
      return this.#editAlone(plan, signal);
    };
    const changes = await this.#lock.run('text', edit, signal);
    return changes === 'missing' ? [] : changes;
  }

  async #editAlone(plan: Plan, signal: AbortSignal): Promise<readonly string[] | 'missing'> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.#recent.get(() => this.#read(signal));
      if (found === undefined) {
        this.#recent.forget();
        return 'missing';
      }
      const steps = plan(found);
      const changes = describe(steps);
      if (changes.length === 0) return [];
      this.#recent.forget();
      try {
        return (await this.#write(found.object, await this.#edited(found, steps), signal)) ? changes : 'missing';
      } catch (error) {
        if (!isConflict(error) || attempt >= MOST_ATTEMPTS) throw error;
      }
    }
  }

  async #read(signal: AbortSignal): Promise<Read | undefined> {
    const { client, namespace, name } = this.#options;
    const object = await client.get(configMaps, { namespace, name }, { signal });
    if (object === undefined) return undefined;
    const text = object.data?.[KEY] ?? '';
    if (this.#last?.text !== text) {
      const { parseConfigText } = await import('./config-map-text.ts');
      const { peers, pools } = parseConfigText(text, this.#where());
      this.#last = { text, peers, pools };
    }
    return { ...this.#last, object };
  }

  async #edited({ text }: Read, steps: Steps): Promise<string> {
    const { editConfigText, parseConfigText } = await import('./config-map-text.ts');
    return editConfigText(parseConfigText(text, this.#where()), steps);
  }

  async #write(found: KubeConfigMap, text: string, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const body = { metadata: { resourceVersion: found.metadata?.resourceVersion }, data: { [KEY]: text } };
    const patch = { kind: 'merge', body } as const;
    return (await client.patch(configMaps, { namespace, name }, patch, { discardAnswer: true, signal })) !== undefined;
  }

  #where(): string {
    const { namespace, name } = this.#options;
    return `"${KEY}" of config map ${namespace}/${name}`;
  }

  #missing(): OperatorError {
    const { namespace, name } = this.#options;
    const message = `config map ${namespace}/${name} of MetalLB is not there, so the address is not announced: install MetalLB up to 0.12 there, name the right one by METAL_LOAD_BALANCER=metallb:///<namespace>/<config map>, or use ?crdConfiguration=true with a newer MetalLB`;
    return new OperatorError('METALLB_CONFIG_MAP_MISSING', message, backoff);
  }
}

async function planOf(announcement: Announcement): Promise<Plan> {
  const { textIdentity } = await import('./config-map-text.ts');
  const { service, addresses, speakers } = announcement;
  const wanted = wantedPeers(speakers, ({ nodeName }, { address }) => textIdentity(nodeName, address));
  return ({ peers, pools }) => ({
    peers: planPeers(announcement, wanted, peers),
    pools: planPools(service, addresses, pools),
  });
}

function describe({ peers, pools }: Steps): readonly string[] {
  return [...peers.map(describePeerStep), ...pools.map(describePoolStep)];
}

/** What this announcer needs in the cluster. */
export function configMapRights(namespace: string, name: string): readonly NeededRight[] {
  const neededFor = 'announcing addresses by MetalLB';
  return ['get', 'patch'].map((verb) => ({ group: '', resource: 'configmaps', namespace, name, verb, neededFor }));
}
