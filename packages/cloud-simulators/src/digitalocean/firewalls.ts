// Routes of firewalls. Answers say "0" for all ports and for icmp, whatever was sent; clients have to see through that.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { done, notFound, single, unprocessable } from './answers.ts';
import { isoNow, PAGING, worldOf } from './context.ts';
import type { DoContext, DoRoute } from './context.ts';
import { page } from './paging.ts';
import type { WireFirewall, WireFirewallPeers, WireFirewallRule } from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';
import type { World } from './world.ts';

const ONE = '/v2/firewalls/{id}';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9.-]+$/;

interface FirewallBody {
  readonly name?: string;
  readonly inbound_rules?: readonly WireFirewallRule[] | null;
  readonly outbound_rules?: readonly WireFirewallRule[] | null;
  readonly droplet_ids?: readonly number[] | null;
  readonly tags?: readonly string[] | null;
}

/** The routes. */
export function firewallRoutes(context: DoContext): readonly DoRoute[] {
  const { store } = context;
  return [
    {
      method: 'GET',
      template: '/v2/firewalls',
      scope: 'firewall:read',
      queryNames: PAGING,
      answer: (request) =>
        page(request, context, {
          key: 'firewalls',
          items: [...worldOf(context, request).firewalls.values()],
        }),
    },
    {
      method: 'POST',
      template: '/v2/firewalls',
      scope: 'firewall:create',
      answer: (request) => {
        const made = { id: store.newUuid(), created_at: isoNow(context.clock) };
        return put(context, 202, made, request.body as FirewallBody);
      },
    },
    {
      method: 'GET',
      template: ONE,
      scope: 'firewall:read',
      answer: (request) => onOne(context, request, (firewall) => single(200, 'firewall', firewall)),
    },
    {
      method: 'PUT',
      template: ONE,
      scope: 'firewall:update',
      answer: (request) =>
        onOne(context, request, (firewall) => put(context, 200, firewall, request.body as FirewallBody)),
    },
    {
      method: 'DELETE',
      template: ONE,
      scope: 'firewall:delete',
      answer: (request) =>
        onOne(context, request, ({ id }) => {
          store.commit({ firewalls: withoutEntry(store.current.firewalls, id) });
          return done;
        }),
    },
    ...(['POST', 'DELETE'] as const).flatMap((method) => partRoutes(context, method)),
  ];
}

function partRoutes(context: DoContext, method: 'POST' | 'DELETE'): readonly DoRoute[] {
  const merge = method === 'POST' ? added : removed;
  const route = (part: string, bodyOf: (firewall: WireFirewall, body: FirewallBody) => FirewallBody): DoRoute => ({
    method,
    template: `${ONE}/${part}`,
    scope: 'firewall:update',
    answer: (request) =>
      onOne(context, request, (firewall) => {
        const answer = put(context, 200, firewall, { ...firewall, ...bodyOf(firewall, request.body as FirewallBody) });
        return answer.status === 200 ? done : answer;
      }),
  });
  return [
    route('droplets', (firewall, body) => ({ droplet_ids: merge(firewall.droplet_ids, body.droplet_ids ?? []) })),
    route('tags', (firewall, body) => ({ tags: merge(firewall.tags, body.tags ?? []) })),
    route('rules', (firewall, body) => ({
      inbound_rules: merge(firewall.inbound_rules, (body.inbound_rules ?? []).map(toShownRule)),
      outbound_rules: merge(firewall.outbound_rules, (body.outbound_rules ?? []).map(toShownRule)),
    })),
  ];
}

function onOne(context: DoContext, request: SimRequest, work: (firewall: WireFirewall) => SimAnswer): SimAnswer {
  const firewall = worldOf(context, request).firewalls.get(request.params['id'] ?? '');
  return firewall === undefined ? notFound : work(firewall);
}

function put(
  { store }: DoContext,
  status: number,
  made: Pick<WireFirewall, 'id' | 'created_at'>,
  body: FirewallBody,
): SimAnswer {
  const problem = firewallProblem(body, store.current);
  if (problem !== undefined) return unprocessable(problem);
  const firewall: WireFirewall = {
    id: made.id,
    name: body.name ?? '',
    status: 'succeeded',
    created_at: made.created_at,
    inbound_rules: (body.inbound_rules ?? []).map(toShownRule),
    outbound_rules: (body.outbound_rules ?? []).map(toShownRule),
    droplet_ids: body.droplet_ids ?? [],
    tags: body.tags ?? [],
    pending_changes: [],
  };
  store.commit({ firewalls: withEntry(store.current.firewalls, firewall.id, firewall) });
  return single(status, 'firewall', firewall);
}

function firewallProblem(body: FirewallBody, world: World): string | undefined {
  if (!NAME.test(body.name ?? '')) return 'name is invalid';
  const rules = [...(body.inbound_rules ?? []), ...(body.outbound_rules ?? [])];
  if (rules.length === 0) return 'at least one rule is required';
  const droplet = (body.droplet_ids ?? []).find((id) => !world.droplets.has(id));
  if (droplet !== undefined) return `droplet ${droplet} not found`;
  return firewallRuleProblem(rules) ?? tagProblem([...(body.tags ?? []), ...rules.flatMap(tagsOf)], world);
}

function firewallRuleProblem(rules: readonly WireFirewallRule[]): string | undefined {
  const wrong = rules.find((rule) => !['tcp', 'udp', 'icmp'].includes(rule.protocol) || !hasPorts(rule));
  return wrong === undefined ? undefined : `rule for ${wrong.protocol} "${wrong.ports ?? ''}" is invalid`;
}

function tagProblem(names: readonly string[], world: World): string | undefined {
  const missing = names.find((name) => !world.tags.has(name));
  return missing === undefined ? undefined : `tag "${missing}" does not exist`;
}

function tagsOf({ sources, destinations }: WireFirewallRule): readonly string[] {
  return [...(sources?.tags ?? []), ...(destinations?.tags ?? [])];
}

function hasPorts({ protocol, ports }: WireFirewallRule): boolean {
  if (protocol === 'icmp') return true;
  if (ports === 'all' || ports === '0') return true;
  const [low, high = low] = (ports ?? '').split('-').map(Number);
  return low !== undefined && high !== undefined && low >= 1 && low <= high && high <= 65535;
}

function toShownRule(rule: WireFirewallRule): WireFirewallRule {
  const ports = rule.protocol === 'icmp' || rule.ports === 'all' ? '0' : (rule.ports ?? '0');
  return {
    protocol: rule.protocol,
    ports,
    ...(rule.sources === undefined ? {} : { sources: toShownPeers(rule.sources) }),
    ...(rule.destinations === undefined ? {} : { destinations: toShownPeers(rule.destinations) }),
  };
}

function toShownPeers(peers: WireFirewallPeers): WireFirewallPeers {
  return Object.fromEntries(Object.entries(peers).filter(([, list]) => Array.isArray(list) && list.length > 0));
}

function added<T>(has: readonly T[], more: readonly T[]): readonly T[] {
  const known = new Set(has.map((item) => JSON.stringify(item)));
  return [...has, ...more.filter((item) => !known.has(JSON.stringify(item)))];
}

function removed<T>(has: readonly T[], less: readonly T[]): readonly T[] {
  const gone = new Set(less.map((item) => JSON.stringify(item)));
  return has.filter((item) => !gone.has(JSON.stringify(item)));
}
