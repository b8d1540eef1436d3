// Routes of what belongs to the account: the account itself, regions, VPCs, projects.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { notFound, single } from './answers.ts';
import { isoNow, PAGING, worldOf } from './context.ts';
import type { DoContext, DoRoute } from './context.ts';
import { defaultProjectOf } from './first-world.ts';
import { page } from './paging.ts';
import type { WireProject } from './wire.ts';
import type { World } from './world.ts';

const ACCOUNT = {
  droplet_limit: 1000,
  floating_ip_limit: 5,
  reserved_ip_limit: 5,
  volume_limit: 100,
  email: 'someone@example.com',
  name: 'Some One',
  uuid: '5eed0000-0000-4000-b000-000000000001',
  email_verified: true,
  status: 'active',
  status_message: '',
  team: { uuid: '5eed0000-0000-4000-b000-000000000002', name: 'My Team' },
};

/** The routes. */
export function accountRoutes(context: DoContext): readonly DoRoute[] {
  const read = { method: 'GET' } as const;
  return [
    { ...read, template: '/v2/account', scope: 'account:read', answer: () => single(200, 'account', ACCOUNT) },
    {
      ...read,
      template: '/v2/regions',
      scope: 'regions:read',
      queryNames: PAGING,
      answer: (request) => list(context, request, 'regions', worldOf(context, request).regions),
    },
    ...vpcRoutes(context),
    ...projectRoutes(context),
  ];
}

function vpcRoutes(context: DoContext): readonly DoRoute[] {
  const read = { method: 'GET', scope: 'vpc:read' } as const;
  const vpcOf = (request: SimRequest) => worldOf(context, request).vpcs.get(request.params['id'] ?? '');
  return [
    {
      ...read,
      template: '/v2/vpcs',
      queryNames: PAGING,
      answer: (request) => list(context, request, 'vpcs', worldOf(context, request).vpcs),
    },
    {
      ...read,
      template: '/v2/vpcs/{id}',
      answer: (request) => {
        const vpc = vpcOf(request);
        return vpc === undefined ? notFound : single(200, 'vpc', vpc);
      },
    },
    {
      ...read,
      template: '/v2/vpcs/{id}/members',
      queryNames: [...PAGING, 'resource_type'],
      answer: (request) => {
        const vpc = vpcOf(request);
        if (vpc === undefined) return notFound;
        const type = request.query.get('resource_type');
        const items = membersOf(worldOf(context, request), vpc.id).filter(
          ({ urn }) => type === null || urn.startsWith(`do:${type}:`),
        );
        return page(request, context, { key: 'members', items });
      },
    },
  ];
}

function projectRoutes(context: DoContext): readonly DoRoute[] {
  const projectOf = (request: SimRequest): WireProject | undefined => {
    const world = worldOf(context, request);
    const id = request.params['id'] ?? '';
    return id === 'default' ? defaultProjectOf(world) : world.projects.get(id);
  };
  return [
    {
      method: 'GET',
      template: '/v2/projects',
      scope: 'project:read',
      queryNames: PAGING,
      answer: (request) => list(context, request, 'projects', worldOf(context, request).projects),
    },
    {
      method: 'GET',
      template: '/v2/projects/{id}',
      scope: 'project:read',
      answer: (request) => {
        const project = projectOf(request);
        return project === undefined ? notFound : single(200, 'project', project);
      },
    },
    {
      method: 'POST',
      template: '/v2/projects/{id}/resources',
      scope: 'project:update',
      answer: (request) => {
        const project = projectOf(request);
        const { resources } = request.body as { readonly resources: readonly string[] };
        return project === undefined ? notFound : assign(context, project, resources);
      },
    },
  ];
}

/** Makes a project. */
export function addProject({ store, clock }: DoContext, name: string): WireProject {
  const usual = [...store.current.projects.values()][0];
  const createdAt = isoNow(clock);
  const project: WireProject = {
    ...(usual ?? { owner_uuid: '', owner_id: 0, purpose: '', environment: 'Development' }),
    id: store.newUuid(),
    name,
    description: '',
    is_default: false,
    created_at: createdAt,
    updated_at: createdAt,
  };
  store.commit({ projects: new Map(store.current.projects).set(project.id, project) });
  return project;
}

function assign(context: DoContext, project: WireProject, urns: readonly string[]): SimAnswer {
  const resources = urns.map((urn) => ({
    urn,
    assigned_at: isoNow(context.clock),
    links: { self: `${context.linksBase()}/v2/${selfOf(urn)}` },
    status: moveInto(context, project, urn),
  }));
  return { status: 200, body: { resources, links: {}, meta: { total: resources.length } } };
}

// Of all resources only load balancers keep their project here; a droplet that exists counts as assigned.
function moveInto({ store }: DoContext, project: WireProject, urn: string): string {
  const { loadBalancers, droplets } = store.current;
  const [, kind, id = ''] = urn.split(':');
  if (kind === 'droplet') return droplets.has(Number(id)) ? 'assigned' : 'not_found';
  const record = kind === 'loadbalancer' ? loadBalancers.get(id) : undefined;
  if (record === undefined) return 'not_found';
  if (record.fields.project_id === project.id) return 'already_assigned';
  const moved = { ...record, fields: { ...record.fields, project_id: project.id } };
  store.commit({ loadBalancers: new Map(loadBalancers).set(id, moved) });
  return 'assigned';
}

function selfOf(urn: string): string {
  const [, kind, id] = urn.split(':');
  return kind === 'loadbalancer' ? `load_balancers/${id}` : `${kind}s/${id}`;
}

function membersOf(
  world: World,
  vpcId: string,
): readonly { readonly urn: string; readonly name: string; readonly created_at: string }[] {
  const droplets = [...world.droplets.values()].filter((droplet) => droplet.vpc_uuid === vpcId);
  const balancers = [...world.loadBalancers.values()].filter(({ fields }) => fields.vpc_uuid === vpcId);
  return [
    ...droplets.map(({ id, name, created_at }) => ({ urn: `do:droplet:${id}`, name, created_at })),
    ...balancers.map(({ fields: { id, name, created_at } }) => ({ urn: `do:loadbalancer:${id}`, name, created_at })),
  ];
}

function list<T>(context: DoContext, request: SimRequest, key: string, items: ReadonlyMap<string, T>): SimAnswer {
  return page(request, context, { key, items: [...items.values()] });
}
