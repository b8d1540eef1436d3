// Routes of firewalls. Answers say "0" for all ports and for icmp, whatever was sent; clients have to see through that.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { done, notFound, single, unprocessable } from './answers.ts';
import { isoNow, PAGING, worldOf } from './context.ts';
import type { DoContext, DoRoute } from './context.ts';
import { firewallProblem } from './firewall-checks.ts';
import type { FirewallBody } from './firewall-checks.ts';
import { page } from './paging.ts';
import type { WireFirewall, WireFirewallPeers, WireFirewallRule } from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';

const ONE = '/v2/firewalls/{id}';

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
          items: [...worldOf(context, request).firewalls.values()].map((firewall) => shown(firewall, context)),
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
      answer: (request) => onOne(context, request, (firewall) => single(200, 'firewall', shown(firewall, context))),
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

// The order of rules in answers is the API's own business.
function shown(firewall: WireFirewall, { settings }: DoContext): WireFirewall {
  if (!settings.reordersFirewallRules) return firewall;
  const { inbound_rules: inbound, outbound_rules: outbound } = firewall;
  const reordered = (peers: WireFirewallPeers | undefined): WireFirewallPeers | undefined =>
    peers &&
    Object.fromEntries(
      Object.entries<readonly unknown[]>({ ...peers }).map(([kind, list]) => [kind, list.toReversed()]),
    );
  return {
    ...firewall,
    inbound_rules: inbound.map((rule) => withPeers(rule, 'sources', reordered(rule.sources))).reverse(),
    outbound_rules: outbound.map((rule) => withPeers(rule, 'destinations', reordered(rule.destinations))).reverse(),
    tags: [...firewall.tags].reverse(),
  };
}

function withPeers(
  rule: WireFirewallRule,
  side: 'sources' | 'destinations',
  peers: WireFirewallPeers | undefined,
): WireFirewallRule {
  return peers === undefined ? rule : { ...rule, [side]: peers };
}

function put(
  context: DoContext,
  status: number,
  made: Pick<WireFirewall, 'id' | 'created_at'>,
  body: FirewallBody,
): SimAnswer {
  const { store } = context;
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
  return single(status, 'firewall', shown(firewall, context));
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
