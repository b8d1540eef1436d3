// Routes of droplets. JSON is written once per droplet and kept: worlds have thousands, and lists of them are asked for all the time.
import type { SimRequest } from '../exchange.ts';
import { done, notFound, unprocessable } from './answers.ts';
import { PAGING, worldOf } from './context.ts';
import type { DoContext, DoRoute } from './context.ts';
import { page } from './paging.ts';
import type { WireDroplet } from './wire.ts';
import { withoutEntry } from './world.ts';
import type { World } from './world.ts';

const written = new WeakMap<WireDroplet, string>();

/** The routes. */
export function dropletRoutes(context: DoContext): readonly DoRoute[] {
  return [
    {
      method: 'GET',
      template: '/v2/droplets',
      scope: 'droplet:read',
      queryNames: [...PAGING, 'tag_name', 'name', 'type'],
      answer: (request) => {
        const { query } = request;
        if (query.has('tag_name') && (query.has('name') || query.has('type'))) {
          return unprocessable('tag_name cannot be combined with name or type');
        }
        const items = [...worldOf(context, request).droplets.values()].filter(dropletFilter(query));
        const toJson = (droplet: WireDroplet): string => writeFor(context, request, droplet);
        return page(request, context, { key: 'droplets', items, toJson });
      },
    },
    {
      method: 'GET',
      template: '/v2/droplets/{id}',
      scope: 'droplet:read',
      answer: (request) => {
        const droplet = findDroplet(worldOf(context, request), request);
        return droplet === undefined
          ? notFound
          : { status: 200, json: `{"droplet":${writeFor(context, request, droplet)}}` };
      },
    },
    {
      method: 'DELETE',
      template: '/v2/droplets/{id}',
      scope: 'droplet:delete',
      answer: (request) => {
        const droplet = findDroplet(context.store.current, request);
        if (droplet === undefined) return notFound;
        removeDroplet(context, droplet.id);
        return done;
      },
    },
  ];
}

/** Removes a droplet, also from the load balancers and firewalls that name it. */
export function removeDroplet({ store }: DoContext, id: number): void {
  const { droplets, loadBalancers, firewalls } = store.current;
  const keep = (other: number): boolean => other !== id;
  store.commit({
    droplets: withoutEntry(droplets, id),
    loadBalancers: new Map(
      [...loadBalancers].map(([key, record]) => {
        const { fields } = record;
        const isTarget = fields.droplet_ids.includes(id);
        return [
          key,
          isTarget ? { ...record, fields: { ...fields, droplet_ids: fields.droplet_ids.filter(keep) } } : record,
        ];
      }),
    ),
    firewalls: new Map(
      [...firewalls].map(([key, firewall]) => [key, { ...firewall, droplet_ids: firewall.droplet_ids.filter(keep) }]),
    ),
  });
}

function findDroplet(world: World, request: SimRequest): WireDroplet | undefined {
  return world.droplets.get(Number(request.params['id']));
}

function dropletFilter(query: URLSearchParams): (droplet: WireDroplet) => boolean {
  const tag = query.get('tag_name');
  if (tag !== null) return (droplet) => droplet.tags.includes(tag);
  const name = query.get('name')?.toLowerCase();
  // Without a type, droplets with GPUs are left out.
  const hasGpu = query.get('type') === 'gpus';
  return (droplet) =>
    (droplet.gpu_info !== undefined) === hasGpu && (name === undefined || droplet.name.toLowerCase() === name);
}

// A token without the scope for a related thing does not see it.
function writeFor({ hasScope }: DoContext, request: SimRequest, droplet: WireDroplet): string {
  const seesTags = hasScope(request, 'tag:read');
  const seesVpc = hasScope(request, 'vpc:read');
  if (!seesTags || !seesVpc) {
    const { tags, vpc_uuid, ...rest } = droplet;
    return JSON.stringify({ ...rest, ...(seesTags ? { tags } : {}), ...(seesVpc ? { vpc_uuid } : {}) });
  }
  const known = written.get(droplet);
  if (known !== undefined) return known;
  const json = JSON.stringify(droplet);
  written.set(droplet, json);
  return json;
}
