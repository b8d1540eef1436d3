// Routes of tags. A tag is a name; what carries it says so itself (droplets, load balancers).
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { done, notFound, single, unprocessable } from './answers.ts';
import { PAGING, worldOf } from './context.ts';
import type { DoContext, DoRoute } from './context.ts';
import { page } from './paging.ts';
import type { World } from './world.ts';

const NAME = /^[a-zA-Z0-9_\-:]{1,255}$/;
const ONE = '/v2/tags/{name}';

interface ResourceBody {
  readonly resource_id: string;
  readonly resource_type: string;
}

/** The routes. */
export function tagRoutes(context: DoContext): readonly DoRoute[] {
  return [
    {
      method: 'GET',
      template: '/v2/tags',
      scope: 'tag:read',
      queryNames: PAGING,
      answer: (request) => {
        const world = worldOf(context, request);
        return page(request, context, {
          key: 'tags',
          items: [...world.tags].map((name) => showTag(world, name)),
        });
      },
    },
    {
      method: 'POST',
      template: '/v2/tags',
      scope: 'tag:create',
      answer: (request) => create(context, (request.body as { readonly name: string }).name),
    },
    {
      method: 'GET',
      template: ONE,
      scope: 'tag:read',
      answer: (request) =>
        onOne(context, request, (name) => single(200, 'tag', showTag(worldOf(context, request), name))),
    },
    {
      method: 'DELETE',
      template: ONE,
      scope: 'tag:delete',
      answer: (request) => onOne(context, request, (name) => removeTag(context, name)),
    },
    {
      method: 'POST',
      template: `${ONE}/resources`,
      scope: 'tag:create',
      answer: (request) => onOne(context, request, (name) => tagResources(context, name, resourcesOf(request))),
    },
    {
      method: 'DELETE',
      template: `${ONE}/resources`,
      scope: 'tag:delete',
      answer: (request) => onOne(context, request, (name) => untagResources(context, name, resourcesOf(request))),
    },
  ];
}

function resourcesOf(request: SimRequest): readonly ResourceBody[] {
  return (request.body as { readonly resources: readonly ResourceBody[] }).resources;
}

function onOne(context: DoContext, request: SimRequest, work: (name: string) => SimAnswer): SimAnswer {
  const name = request.params['name'] ?? '';
  return worldOf(context, request).tags.has(name) ? work(name) : notFound;
}

function removeTag(context: DoContext, name: string): SimAnswer {
  const { store } = context;
  const others = (tags: Iterable<string>): readonly string[] => [...tags].filter((tag) => tag !== name);
  retag(context, () => true, others);
  store.commit({ tags: new Set(others(store.current.tags)) });
  return done;
}

function untagResources(context: DoContext, name: string, resources: readonly ResourceBody[]): SimAnswer {
  const gone = keysOf(resources);
  retag(
    context,
    (key) => gone.has(key),
    (tags) => tags.filter((tag) => tag !== name),
  );
  return done;
}

function create({ store }: DoContext, name: string): SimAnswer {
  // The API answers this error in a form of its own.
  if (!NAME.test(name)) {
    const cause = 'Name may only contain letters, numbers, colons, dashes and underscores';
    return { status: 400, body: { error: 'Validation failed', messages: [cause], root_causes: [cause] } };
  }
  store.commit({ tags: new Set([...store.current.tags, name]) });
  return single(201, 'tag', showTag(store.current, name));
}

// (assumed) One resource that does not exist fails the whole call.
function tagResources(context: DoContext, name: string, resources: readonly ResourceBody[]): SimAnswer {
  const { droplets, loadBalancers } = context.store.current;
  const missing = resources.find(({ resource_id: id, resource_type: type }) => {
    if (type === 'droplet') return !droplets.has(Number(id));
    return type === 'load_balancer' && !loadBalancers.has(id);
  });
  if (missing !== undefined) return unprocessable(`resource ${missing.resource_type} ${missing.resource_id} not found`);
  const tagged = keysOf(resources);
  retag(
    context,
    (key) => tagged.has(key),
    (tags) => (tags.includes(name) ? tags : [...tags, name]),
  );
  return done;
}

function keysOf(resources: readonly ResourceBody[]): ReadonlySet<string> {
  return new Set(resources.map(({ resource_type: type, resource_id: id }) => `${type}:${id}`));
}

function retag(
  { store }: DoContext,
  isMeant: (key: string) => boolean,
  to: (tags: readonly string[]) => readonly string[],
): void {
  const { droplets, loadBalancers } = store.current;
  store.commit({
    droplets: new Map(
      [...droplets].map(([id, droplet]) => [
        id,
        isMeant(`droplet:${id}`) ? { ...droplet, tags: to(droplet.tags) } : droplet,
      ]),
    ),
    loadBalancers: new Map(
      [...loadBalancers].map(([id, record]) => {
        const { fields } = record;
        return [
          id,
          isMeant(`load_balancer:${id}`) ? { ...record, fields: { ...fields, tags: to(fields.tags) } } : record,
        ];
      }),
    ),
  });
}

function showTag(world: World, name: string): object {
  const droplets = [...world.droplets.values()].filter(({ tags }) => tags.includes(name)).length;
  const loadBalancers = [...world.loadBalancers.values()].filter(({ fields }) => fields.tags.includes(name)).length;
  const none = { count: 0 };
  return {
    name,
    resources: {
      count: droplets + loadBalancers,
      droplets: { count: droplets },
      load_balancers: { count: loadBalancers },
      images: none,
      volumes: none,
      volume_snapshots: none,
      databases: none,
    },
  };
}
