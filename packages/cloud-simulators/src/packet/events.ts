// Routes of events: of a device, of a project, of all. Latest first. A device that is gone stays in the events of its project.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { notFound } from './answers.ts';
import { PAGING, SHAPING, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { deviceEvents } from './device-view.ts';
import { withDevice } from './devices.ts';
import { page } from './paging.ts';
import type { WirePacketEvent } from './wire.ts';

/** The routes. */
export function eventRoutes(context: PacketContext): readonly PacketRoute[] {
  const queryNames = [...PAGING, ...SHAPING];
  const show = (request: SimRequest, items: readonly WirePacketEvent[]): SimAnswer =>
    page(context, request, { key: 'events', items, toJson: (event) => JSON.stringify(event) });
  return [
    {
      method: 'GET',
      template: '/devices/{id}/events',
      queryNames,
      answer: (request) => withDevice(context, request, (device) => show(request, deviceEvents(context, device))),
    },
    {
      method: 'GET',
      template: '/projects/{id}/events',
      queryNames,
      answer: (request) =>
        withProject(context, request, ({ id }) =>
          show(
            request,
            eventsOf(context, request, (project) => project === id),
          ),
        ),
    },
    {
      method: 'GET',
      template: '/events',
      queryNames,
      answer: (request) =>
        show(
          request,
          eventsOf(context, request, (id) => context.tokens.maySee(request, id)),
        ),
    },
    {
      method: 'GET',
      template: '/events/{id}',
      queryNames: SHAPING,
      answer: (request) => {
        const seen = eventsOf(context, request, (id) => context.tokens.maySee(request, id));
        const event = seen.find(({ id }) => id === request.params['id']);
        return event === undefined ? notFound : { status: 200, body: event };
      },
    },
  ];
}

function eventsOf(
  context: PacketContext,
  request: SimRequest,
  isWanted: (projectId: string) => boolean,
): readonly WirePacketEvent[] {
  return [...worldOf(context, request).devices.values()]
    .filter(({ projectId }) => isWanted(projectId))
    .flatMap((device) => deviceEvents(context, device))
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
}
