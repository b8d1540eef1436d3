// Calls about load balancers. Creating and changing are asynchronous at the API: `create` answers with status `new`, and a balancer
// that still works on the last change refuses the next one (see `isLoadBalancerBusy`).
import { parseNothing, parseObject } from '@longshore/cloud-http';
import type { Call, CloudHttp } from '@longshore/cloud-http';
import type { DropletId, LoadBalancerId } from './ids.ts';
import { listAll } from './lists.ts';
import { parseLoadBalancer, toForwardingRuleBody, toLoadBalancerBody } from './load-balancer-json.ts';
import type { ForwardingRule, LoadBalancer, LoadBalancerSpec } from './load-balancer.ts';

const ALL = '/v2/load_balancers';
const ONE = '/v2/load_balancers/{id}';

/** Whether a removal found something to remove. */
export type Removal = 'removed' | 'absent';

/** Calls about load balancers. */
export class LoadBalancers {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All load balancers of the account. */
  list(signal: AbortSignal): Promise<readonly LoadBalancer[]> {
    const list = { path: ALL, key: 'load_balancers', parse: parseLoadBalancer, idOf: ({ id }: LoadBalancer) => id };
    return listAll(this.#http, list, signal);
  }

  /** One load balancer; `undefined` only when the API itself says that there is none. */
  get(id: LoadBalancerId, signal: AbortSignal): Promise<LoadBalancer | undefined> {
    return this.#http.send(
      { method: 'GET', path: pathOf(id), name: ONE, parse: parseAnswer, absentOn404: true },
      signal,
    );
  }

  /** Creates one. When the answer is lost (`isLostAnswer`), look for it by name before creating again. */
  create(spec: LoadBalancerSpec, signal: AbortSignal): Promise<LoadBalancer> {
    const body = toLoadBalancerBody(spec, { withAddress: true });
    return this.#http.send({ method: 'POST', path: ALL, name: ALL, body, parse: parseAnswer }, signal);
  }

  /** Replaces everything about it; `undefined` when it is gone. */
  update(id: LoadBalancerId, spec: LoadBalancerSpec, signal: AbortSignal): Promise<LoadBalancer | undefined> {
    const body = toLoadBalancerBody(spec, { withAddress: false });
    const call = { method: 'PUT', path: pathOf(id), name: ONE, body, parse: parseAnswer, absentOn404: true } as const;
    return this.#http.send(call, signal);
  }

  /** Removes it. */
  async remove(id: LoadBalancerId, signal: AbortSignal): Promise<Removal> {
    return this.#change({ method: 'DELETE', path: pathOf(id), name: ONE }, signal);
  }

  /**
   * Asks the API whether it would accept the spec, as an update of `id` if given; nothing changes. Throws CloudApiError when not.
   * Allowed in a dry run.
   */
  async validateOnly(spec: LoadBalancerSpec, id: LoadBalancerId | undefined, signal: AbortSignal): Promise<void> {
    const target =
      id === undefined
        ? ({ method: 'POST', path: ALL, name: ALL } as const)
        : ({ method: 'PUT', path: pathOf(id), name: ONE } as const);
    const body = { ...toLoadBalancerBody(spec, { withAddress: id === undefined }), validate_only: true };
    await this.#http.send({ ...target, body, parse: parseNothing, idempotent: true, changesNothing: true }, signal);
  }

  /** Adds droplets to a load balancer that names its droplets; one that goes by tag refuses (422). */
  addDroplets(
    id: LoadBalancerId,
    dropletIds: readonly DropletId[],
    signal: AbortSignal,
  ): Promise<'changed' | 'absent'> {
    return this.#changeTargets('POST', id, { droplets: dropletIds }, signal);
  }

  /** Takes droplets out. */
  removeDroplets(
    id: LoadBalancerId,
    dropletIds: readonly DropletId[],
    signal: AbortSignal,
  ): Promise<'changed' | 'absent'> {
    return this.#changeTargets('DELETE', id, { droplets: dropletIds }, signal);
  }

  /** Adds rules. */
  addRules(id: LoadBalancerId, rules: readonly ForwardingRule[], signal: AbortSignal): Promise<'changed' | 'absent'> {
    return this.#changeTargets('POST', id, { rules }, signal);
  }

  /** Takes rules out; each has to be named in full. */
  removeRules(
    id: LoadBalancerId,
    rules: readonly ForwardingRule[],
    signal: AbortSignal,
  ): Promise<'changed' | 'absent'> {
    return this.#changeTargets('DELETE', id, { rules }, signal);
  }

  async #changeTargets(
    method: 'POST' | 'DELETE',
    id: LoadBalancerId,
    change: { readonly droplets: readonly DropletId[] } | { readonly rules: readonly ForwardingRule[] },
    signal: AbortSignal,
  ): Promise<'changed' | 'absent'> {
    const [part, body] =
      'droplets' in change
        ? ['droplets', { droplet_ids: change.droplets }]
        : ['forwarding_rules', { forwarding_rules: change.rules.map(toForwardingRuleBody) }];
    const call = { method, path: `${pathOf(id)}/${part}`, name: `${ONE}/${part}`, body, lane: 'normal' } as const;
    return (await this.#change(call, signal)) === 'removed' ? 'changed' : 'absent';
  }

  async #change(call: Omit<Call<unknown>, 'parse' | 'absentOn404'>, signal: AbortSignal): Promise<Removal> {
    const answer = await this.#http.send({ ...call, parse: () => 'removed' as const, absentOn404: true }, signal);
    return answer ?? 'absent';
  }
}

function pathOf(id: LoadBalancerId): string {
  return `${ALL}/${encodeURIComponent(id)}`;
}

function parseAnswer(body: unknown): LoadBalancer {
  return parseLoadBalancer(parseObject(body, 'the answer')['load_balancer']);
}
