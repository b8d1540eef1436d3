// Routes of projects.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { done, forbidden, unprocessable } from './answers.ts';
import { dateNow, newId, PAGING, SHAPING, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { isThere } from './device-life.ts';
import { page } from './paging.ts';
import { viewProject } from './project-view.ts';
import { resolverOf } from './resolver.ts';
import { shape, shaped } from './shape.ts';
import type { ProjectRecord } from './world.ts';

interface ProjectBody {
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly customdata?: Readonly<Record<string, unknown>>;
  readonly type?: 'default' | 'vmce';
  readonly backend_transfer_enabled?: boolean;
}

/** The routes. */
export function projectRoutes(context: PacketContext): readonly PacketRoute[] {
  const one = '/projects/{id}';
  return [
    {
      method: 'GET',
      template: '/projects',
      queryNames: [...PAGING, ...SHAPING, 'name'],
      answer: (request) => list(context, request),
    },
    { method: 'POST', template: '/projects', queryNames: SHAPING, answer: (request) => create(context, request) },
    {
      method: 'GET',
      template: one,
      queryNames: SHAPING,
      answer: (request) => withProject(context, request, (record) => show(context, request, record)),
    },
    {
      method: 'PUT',
      template: one,
      queryNames: SHAPING,
      answer: (request) => withProject(context, request, (record) => update(context, request, record)),
    },
    {
      method: 'DELETE',
      template: one,
      answer: (request) => withProject(context, request, (record) => remove(context, record)),
    },
  ];
}

/** Puts a project into the world. */
export function addProject(
  context: PacketContext,
  wish: { readonly id?: string; readonly name: string } & ProjectBody,
): ProjectRecord {
  const { store } = context;
  const now = dateNow(context);
  const made: ProjectRecord = {
    id: wish.id ?? newId(context),
    name: wish.name,
    tags: wish.tags ?? [],
    customdata: wish.customdata ?? {},
    type: wish.type ?? 'default',
    hasBackendTransfer: false,
    createdAt: now,
    updatedAt: now,
  };
  store.commit({ projects: withEntry(store.current.projects, made.id, made) });
  return made;
}

function show(context: PacketContext, request: SimRequest, record: ProjectRecord, status = 200): SimAnswer {
  const view = viewProject(context, worldOf(context, request), record);
  return shaped(status, view, request, resolverOf(context, request));
}

function list(context: PacketContext, request: SimRequest): SimAnswer {
  const world = worldOf(context, request);
  const name = request.query.get('name');
  const items = [...world.projects.values()].filter(
    (one) => context.tokens.maySee(request, one.id) && (name === null || one.name === name),
  );
  const resolve = resolverOf(context, request);
  const toJson = (record: ProjectRecord): string =>
    JSON.stringify(shape(viewProject(context, world, record), request, resolve));
  return page(context, request, { key: 'projects', items, toJson });
}

function create(context: PacketContext, request: SimRequest): SimAnswer {
  // A project's key makes no other projects.
  if (!context.tokens.maySee(request, undefined)) return forbidden;
  const { name = '', ...rest } = request.body as ProjectBody;
  if (name === '' || name.length > 80) return unprocessable("Name can't be blank or longer than 80 characters");
  const made = addProject(context, { name, ...rest });
  return show(context, request, made, 201);
}

function update(context: PacketContext, request: SimRequest, record: ProjectRecord): SimAnswer {
  const body = (request.body ?? {}) as ProjectBody;
  const { name = record.name, tags = record.tags, customdata = record.customdata } = body;
  const hasBackendTransfer = body.backend_transfer_enabled ?? record.hasBackendTransfer;
  if (name === '' || name.length > 80) return unprocessable("Name can't be blank or longer than 80 characters");
  const changed = { ...record, name, tags, customdata, hasBackendTransfer, updatedAt: dateNow(context) };
  context.store.commit({ projects: withEntry(context.store.current.projects, record.id, changed) });
  return show(context, request, changed);
}

function remove({ store, clock }: PacketContext, { id }: ProjectRecord): SimAnswer {
  const nowMs = clock.monotonicMs();
  const { projects, devices, volumes } = store.current;
  const hasDevices = [...devices.values()].some((one) => one.projectId === id && isThere(one, nowMs));
  const hasVolumes = [...volumes.values()].some((one) => one.projectId === id);
  if (hasDevices || hasVolumes) return unprocessable('Cannot delete a project with devices or volumes');
  const keep = <T extends { readonly projectId: string }>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...map].filter(([, one]) => one.projectId !== id));
  store.commit({
    projects: withoutEntry(projects, id),
    reservations: keep(store.current.reservations),
    bgpConfigs: withoutEntry(store.current.bgpConfigs, id),
    vlans: keep(store.current.vlans),
  });
  return done;
}
