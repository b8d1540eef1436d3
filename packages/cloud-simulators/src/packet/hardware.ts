// Routes of reserved machines.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry } from '../world-store.ts';
import { unprocessable } from './answers.ts';
import { PAGING, SHAPING, withOne, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { deviceOn, viewHardware } from './hardware-view.ts';
import { page } from './paging.ts';
import { resolverOf } from './resolver.ts';
import { shape, shaped } from './shape.ts';
import type { WirePacketHardwareReservation } from './wire.ts';
import type { HardwareRecord } from './world.ts';

const ONE = '/hardware-reservations/{id}';

/** The routes. */
export function hardwareRoutes(context: PacketContext): readonly PacketRoute[] {
  const one = (request: SimRequest, work: (record: HardwareRecord) => SimAnswer): SimAnswer =>
    withOne(context, request, worldOf(context, request).hardware, work);
  return [
    {
      method: 'GET',
      template: '/projects/{id}/hardware-reservations',
      queryNames: [...PAGING, ...SHAPING, 'query', 'state', 'provisionable'],
      answer: (request) => withProject(context, request, ({ id }) => list(context, request, id)),
    },
    {
      method: 'GET',
      template: ONE,
      queryNames: SHAPING,
      answer: (request) => one(request, (record) => show(context, request, record)),
    },
    {
      method: 'POST',
      template: `${ONE}/move`,
      queryNames: SHAPING,
      answer: (request) =>
        one(request, (record) => {
          const { project_id: projectId } = request.body as { readonly project_id: string };
          const { store } = context;
          if (!store.current.projects.has(projectId)) return unprocessable('Project was not found');
          if (deviceOn(context, store.current, record) !== null) return unprocessable('Cannot move a machine in use');
          return put(context, request, { ...record, projectId });
        }),
    },
    {
      method: 'POST',
      template: `${ONE}/activate`,
      queryNames: SHAPING,
      answer: (request) =>
        one(request, (record) => {
          if (!record.isSpare) return unprocessable('Only spare machines can be activated');
          return put(context, request, { ...record, isSpare: false });
        }),
    },
  ];
}

function list(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const world = worldOf(context, request);
  const resolve = resolverOf(context, request);
  const onlyProvisionable = request.query.get('provisionable') === 'only';
  const items = [...world.hardware.values()]
    .filter((record) => record.projectId === projectId)
    .map((record) => viewHardware(context, world, record))
    .filter(({ provisionable }) => provisionable || !onlyProvisionable);
  const toJson = (view: WirePacketHardwareReservation): string => JSON.stringify(shape(view, request, resolve));
  return page(context, request, { key: 'hardware_reservations', items, toJson });
}

function show(context: PacketContext, request: SimRequest, record: HardwareRecord, status = 200): SimAnswer {
  return shaped(
    status,
    viewHardware(context, worldOf(context, request), record),
    request,
    resolverOf(context, request),
  );
}

function put(context: PacketContext, request: SimRequest, record: HardwareRecord): SimAnswer {
  const { store } = context;
  store.commit({ hardware: withEntry(store.current.hardware, record.id, record) });
  return show(context, request, record, 201);
}
