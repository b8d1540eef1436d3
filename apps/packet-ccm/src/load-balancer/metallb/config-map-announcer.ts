// MetalLB up to 0.12: its configuration is one text in a ConfigMap that belongs to its users as well. What an announcement changes in it;
// config-map-editor.ts reads and writes. One of the two announcers of metallb/.
import { backoff, OperatorError } from '@longshore/reconciler-core';
import type { NeededRight } from '@longshore/k8s-runtime';
import type { Announcement, Announcer, ServiceName } from '../announcer.ts';
import { ConfigMapEditor } from './config-map-editor.ts';
import type { ConfigMapEditorOptions, EditPlan } from './config-map-editor.ts';
import { describePoolStep, planPools, planPoolsWithout } from './config-map-pools.ts';
import type { ConfigSteps } from './config-map-text.ts';
import { describePeerStep, planPeers, planPeersWithout, wantedPeers } from './peers-plan.ts';

/** Announces by MetalLB's ConfigMap. */
export class MetalLbConfigMap implements Announcer {
  readonly #options: ConfigMapEditorOptions;
  readonly #editor: ConfigMapEditor;

  constructor(options: ConfigMapEditorOptions) {
    this.#options = options;
    this.#editor = new ConfigMapEditor(options);
  }

  async announce(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]> {
    const steps = await this.#editor.edit(await planOf(announcement), false, signal);
    if (steps === 'missing') throw this.#missing();
    return describe(steps);
  }

  async withdraw(service: ServiceName, signal: AbortSignal): Promise<readonly string[]> {
    const plan: EditPlan = ({ peers, pools }) => ({
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
    const settings = await this.#editor.settings(signal);
    if (settings === undefined) throw this.#missing();
    return describe(plan(settings));
  }

  // An address is given back after this: what is there now counts.
  async #editIfThere(plan: EditPlan, signal: AbortSignal): Promise<readonly string[]> {
    const steps = await this.#editor.edit(plan, true, signal);
    return steps === 'missing' ? [] : describe(steps);
  }

  #missing(): OperatorError {
    const { namespace, name } = this.#options;
    const message = `config map ${namespace}/${name} of MetalLB is not there, so the address is not announced: install MetalLB up to 0.12 there, name the right one by METAL_LOAD_BALANCER=metallb:///<namespace>/<config map>, or use ?crdConfiguration=true with a newer MetalLB`;
    return new OperatorError('METALLB_CONFIG_MAP_MISSING', message, backoff);
  }
}

async function planOf(announcement: Announcement): Promise<EditPlan> {
  const { textIdentity } = await import('./config-map-text.ts');
  const { service, addresses, speakers } = announcement;
  const wanted = wantedPeers(speakers, ({ nodeName }, { address }) => textIdentity(nodeName, address));
  return ({ peers, pools }) => ({
    peers: planPeers(announcement, wanted, peers),
    pools: planPools(service, addresses, pools),
  });
}

function describe({ peers, pools }: ConfigSteps): readonly string[] {
  return [...peers.map(describePeerStep), ...pools.map(describePoolStep)];
}

/** What this announcer needs in the cluster. */
export function configMapRights(namespace: string, name: string): readonly NeededRight[] {
  const neededFor = 'announcing addresses by MetalLB';
  return ['get', 'patch'].map((verb) => ({ group: '', resource: 'configmaps', namespace, name, verb, neededFor }));
}
