// Routes of load balancers: the state machine around the checks (load-balancer-checks.ts) and the life (load-balancer-life.ts).
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { done, notFound, refuse, single, unprocessable } from './answers.ts';
import { isoNow, PAGING, worldOf } from './context.ts';
import type { DoContext, DoRoute } from './context.ts';
import { dropletsProblem, loadBalancerProblem, rulesProblem } from './load-balancer-checks.ts';
import type { LoadBalancerBody, RuleBody } from './load-balancer-checks.ts';
import { addressesOf, loadBalancerFields, toRule, viewLoadBalancer } from './load-balancer-life.ts';
import { page } from './paging.ts';
import type { LoadBalancerFields, WireForwardingRule } from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';
import type { LoadBalancerRecord } from './world.ts';

const ONE = '/v2/load_balancers/{id}';
const BUSY = "Load Balancer can't be updated while it processes previous actions";

/** The routes. */
export function loadBalancerRoutes(context: DoContext): readonly DoRoute[] {
  const { store, clock } = context;
  return [
    {
      method: 'GET',
      template: '/v2/load_balancers',
      scope: 'load_balancer:read',
      queryNames: PAGING,
      answer: (request) => {
        const world = worldOf(context, request);
        const nowMs = clock.monotonicMs();
        const items = [...world.loadBalancers.values()].map((record) => viewLoadBalancer(record, world, nowMs));
        return page(request, context, { key: 'load_balancers', items });
      },
    },
    {
      method: 'POST',
      template: '/v2/load_balancers',
      scope: 'load_balancer:create',
      answer: (request) => create(context, request),
    },
    {
      method: 'GET',
      template: ONE,
      scope: 'load_balancer:read',
      answer: (request) => {
        const record = worldOf(context, request).loadBalancers.get(request.params['id'] ?? '');
        return record === undefined ? notFound : show(context, 200, record);
      },
    },
    {
      method: 'PUT',
      template: ONE,
      scope: 'load_balancer:update',
      answer: (request) =>
        onOne(context, request, (record) => replace(context, record, request.body as LoadBalancerBody)),
    },
    {
      method: 'DELETE',
      template: ONE,
      scope: 'load_balancer:delete',
      answer: (request) =>
        onOne(context, request, ({ fields }) => {
          store.commit({ loadBalancers: withoutEntry(store.current.loadBalancers, fields.id) });
          return done;
        }),
    },
    {
      method: 'DELETE',
      template: `${ONE}/cache`,
      scope: 'load_balancer:delete',
      answer: (request) =>
        onOne(context, request, ({ fields }) =>
          fields.type === 'GLOBAL' ? done : unprocessable('only global load balancers have a cache'),
        ),
    },
    ...partRoutes(context),
  ];
}

function partRoutes(context: DoContext): readonly DoRoute[] {
  const scope = 'load_balancer:update';
  const idsOf = (request: SimRequest): readonly number[] =>
    (request.body as { readonly droplet_ids: readonly number[] }).droplet_ids;
  const rulesOf = (request: SimRequest): readonly RuleBody[] =>
    (request.body as { readonly forwarding_rules: readonly RuleBody[] }).forwarding_rules;
  return [
    {
      method: 'POST',
      template: `${ONE}/droplets`,
      scope,
      answer: (request) => onOne(context, request, (record) => addDroplets(context, record, idsOf(request))),
    },
    {
      method: 'DELETE',
      template: `${ONE}/droplets`,
      scope,
      answer: (request) =>
        onOne(context, request, (record) => {
          if (record.fields.tag !== '') return unprocessable('the load balancer is configured with a tag');
          const gone = new Set(idsOf(request));
          return change(context, record, { droplet_ids: record.fields.droplet_ids.filter((id) => !gone.has(id)) });
        }),
    },
    {
      method: 'POST',
      template: `${ONE}/forwarding_rules`,
      scope,
      answer: (request) => onOne(context, request, (record) => addRules(context, record, rulesOf(request))),
    },
    {
      method: 'DELETE',
      template: `${ONE}/forwarding_rules`,
      scope,
      answer: (request) =>
        onOne(context, request, (record) => {
          const gone = new Set(rulesOf(request).map((rule) => keyOfRule(toRule(rule))));
          const left = record.fields.forwarding_rules.filter((rule) => !gone.has(keyOfRule(rule)));
          if (left.length === 0) return unprocessable('at least one forwarding rule is required');
          return change(context, record, { forwarding_rules: left });
        }),
    },
  ];
}

function create(context: DoContext, request: SimRequest): SimAnswer {
  const { store, clock, settings } = context;
  const body = request.body as LoadBalancerBody;
  const problem = problemOf(context, body, undefined);
  if (problem !== undefined) return unprocessable(problem);
  const fields = loadBalancerFields(body, store.current, { id: store.newUuid(), createdAt: isoNow(clock) });
  const nowMs = clock.monotonicMs();
  const record: LoadBalancerRecord = {
    fields,
    activeAtMs: nowMs + settings.timeToActiveMs,
    busyUntilMs: nowMs + (settings.updatesWhileNew === 'refuse' ? settings.timeToActiveMs : settings.processingMs),
    resizedAtMs: nowMs,
    isErrored: false,
    ...addressesOf(fields, store.newNumber(), body.ip),
  };
  if (body.validate_only !== true) {
    store.commit({
      loadBalancers: withEntry(store.current.loadBalancers, fields.id, record),
      tags: new Set([...store.current.tags, ...fields.tags]),
    });
  }
  return show(context, 202, record);
}

function replace(context: DoContext, record: LoadBalancerRecord, body: LoadBalancerBody): SimAnswer {
  const { store } = context;
  const problem = problemOf(context, body, record);
  if (problem !== undefined) return unprocessable(problem);
  const { id, created_at: createdAt } = record.fields;
  const fields = loadBalancerFields(body, store.current, { id, createdAt, before: record.fields });
  if (body.validate_only === true) return show(context, 200, { ...record, fields });
  change(context, record, fields);
  const changed = store.current.loadBalancers.get(id);
  return changed === undefined ? notFound : show(context, 200, changed);
}

function addDroplets(context: DoContext, record: LoadBalancerRecord, ids: readonly number[]): SimAnswer {
  const { fields } = record;
  if (fields.tag !== '') return unprocessable('the load balancer is configured with a tag');
  const place = { region: fields.region?.slug, vpc: fields.vpc_uuid };
  const problem = dropletsProblem(ids, place, context.store.current);
  if (problem !== undefined) return unprocessable(problem);
  return change(context, record, { droplet_ids: [...new Set([...fields.droplet_ids, ...ids])] });
}

function addRules(context: DoContext, record: LoadBalancerRecord, rules: readonly RuleBody[]): SimAnswer {
  const { fields } = record;
  const all = [...fields.forwarding_rules, ...rules.map(toRule)];
  const problem =
    rules.length === 0
      ? 'at least one forwarding rule is required'
      : rulesProblem(all, fields.type, context.store.current);
  return problem === undefined ? change(context, record, { forwarding_rules: all }) : unprocessable(problem);
}

// 404, and 403 while the load balancer is busy, before anything else is looked at.
function onOne(context: DoContext, request: SimRequest, work: (record: LoadBalancerRecord) => SimAnswer): SimAnswer {
  const record = context.store.current.loadBalancers.get(request.params['id'] ?? '');
  if (record === undefined) return notFound;
  const body = request.body as LoadBalancerBody | undefined;
  const isBusy = context.clock.monotonicMs() < record.busyUntilMs && body?.validate_only !== true;
  return isBusy ? refuse(403, BUSY) : work(record);
}

function change(context: DoContext, record: LoadBalancerRecord, fields: Partial<LoadBalancerFields>): SimAnswer {
  const { store, clock, settings } = context;
  const nowMs = clock.monotonicMs();
  const isResized = fields.size_unit !== undefined && fields.size_unit !== record.fields.size_unit;
  const changed: LoadBalancerRecord = {
    ...record,
    fields: { ...record.fields, ...fields },
    busyUntilMs: nowMs + settings.processingMs,
    resizedAtMs: isResized ? nowMs : record.resizedAtMs,
  };
  store.commit({ loadBalancers: withEntry(store.current.loadBalancers, record.fields.id, changed) });
  return done;
}

function problemOf(
  context: DoContext,
  body: LoadBalancerBody,
  existing: LoadBalancerRecord | undefined,
): string | undefined {
  const { resizeCooldownMs, loadBalancerLimit, emptyTargets } = context.settings;
  const limits = { resizeCooldownMs, loadBalancerLimit, emptyTargets };
  return loadBalancerProblem(body, {
    world: context.store.current,
    nowMs: context.clock.monotonicMs(),
    existing,
    ...limits,
  });
}

function show(context: DoContext, status: number, record: LoadBalancerRecord): SimAnswer {
  return single(status, 'load_balancer', viewLoadBalancer(record, context.store.current, context.clock.monotonicMs()));
}

function keyOfRule(rule: WireForwardingRule): string {
  return JSON.stringify([rule.entry_protocol, rule.entry_port, rule.target_protocol, rule.target_port]);
}
