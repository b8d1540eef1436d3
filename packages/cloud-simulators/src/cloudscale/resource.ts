// The routes that all resources have in common: list, get, create, patch, delete under one path, with bare arrays and 404s.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { created, done, notFound, show } from './answers.ts';
import { worldOf } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { filtered } from './tags.ts';
import type { Viewing } from './views.ts';
import type { WireCloudscaleTags } from './wire.ts';
import type { World } from './world.ts';

/** What a resource brings. */
export interface Resource<R extends { readonly tags: WireCloudscaleTags }> {
  /** `/v1/servers`. */
  readonly path: string;
  /** Name of the key in the path; default `uuid`. */
  readonly key?: string;
  readonly all: (world: World, request: SimRequest) => Iterable<R>;
  readonly one: (world: World, request: SimRequest) => R | undefined;
  readonly view: (record: R, view: Viewing) => unknown;
  /** The new record, or a refusal. */
  readonly create?: (request: SimRequest) => R | SimAnswer;
  /** A refusal, or nothing. */
  readonly patch?: (record: R, request: SimRequest) => SimAnswer | undefined;
  readonly remove?: (record: R, request: SimRequest) => SimAnswer | undefined;
  /** Wraps every write: waits its turn at a balancer, refuses what comes too early. */
  readonly inTurn?: (record: R | undefined, request: SimRequest, work: () => SimAnswer) => SimAnswer;
}

/** What views are made with, for one request. */
export function viewingFor(context: CloudscaleContext, request: SimRequest): Viewing {
  return { world: worldOf(context, request), nowMs: context.clock.monotonicMs(), base: context.hrefBase() };
}

/** Its routes. */
export function resourceRoutes<R extends { readonly tags: WireCloudscaleTags }>(
  context: CloudscaleContext,
  resource: Resource<R>,
): readonly CloudscaleRoute[] {
  const { path, view } = resource;
  const one = `${path}/{${resource.key ?? 'uuid'}}`;
  const list: CloudscaleRoute = {
    method: 'GET',
    template: path,
    isList: true,
    answer: (request) => {
      const viewing = viewingFor(context, request);
      const records = filtered(request, resource.all(viewing.world, request));
      return show(records.map((record) => view(record, viewing)));
    },
  };
  const get: CloudscaleRoute = {
    method: 'GET',
    template: one,
    answer: (request) => {
      const viewing = viewingFor(context, request);
      const record = resource.one(viewing.world, request);
      return record === undefined ? notFound : show(view(record, viewing));
    },
  };
  return [list, get, ...writeRoutes(context, resource, one)];
}

function writeRoutes<R extends { readonly tags: WireCloudscaleTags }>(
  context: CloudscaleContext,
  resource: Resource<R>,
  one: string,
): readonly CloudscaleRoute[] {
  const { create, patch, remove, view } = resource;
  const inTurn = resource.inTurn ?? ((_record, _request, work) => work());
  const onOne = (request: SimRequest, work: (record: R) => SimAnswer | undefined): SimAnswer => {
    const record = resource.one(context.store.current, request);
    return record === undefined ? notFound : inTurn(record, request, () => work(record) ?? done);
  };
  const routes: CloudscaleRoute[] = [];
  if (create !== undefined) {
    const answer = (request: SimRequest): SimAnswer =>
      inTurn(undefined, request, () => {
        const made = create(request);
        return 'status' in made && !('tags' in made) ? made : created(view(made as R, viewingFor(context, request)));
      });
    routes.push({ method: 'POST', template: resource.path, answer });
  }
  if (patch !== undefined) {
    const answer = (request: SimRequest): SimAnswer => onOne(request, (record) => patch(record, request));
    routes.push({ method: 'PATCH', template: one, answer });
  }
  if (remove !== undefined) {
    const answer = (request: SimRequest): SimAnswer => onOne(request, (record) => remove(record, request));
    routes.push({ method: 'DELETE', template: one, answer });
  }
  return routes;
}
