// Routes of what puts a volume on a device. The API's half only: the host logs in at the target by itself, and while it is logged in
// there is no detaching.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { done, forbidden, notFound, unprocessable } from './answers.ts';
import { newId, SHAPING, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { deviceNow, isThere } from './device-life.ts';
import { resolverOf } from './resolver.ts';
import { shape, shaped } from './shape.ts';
import { attachmentsOf, viewAttachment, volumeState } from './volume-view.ts';
import { withVolume } from './volumes.ts';
import type { AttachmentRecord, DeviceRecord, VolumeRecord } from './world.ts';

const ALL = '/storage/{id}/attachments';
const ONE = '/storage/attachments/{id}';
const BUSY = 'Cannot detach since volume is actively being used on your server';

/** The routes. */
export function attachmentRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'GET',
      template: ALL,
      queryNames: SHAPING,
      answer: (request) =>
        withVolume(context, request, ({ id }) => {
          const resolve = resolverOf(context, request);
          const found = attachmentsOf(worldOf(context, request), id).map((one) => viewAttachment(context, one));
          return { status: 200, body: { attachments: found.map((one) => shape(one, request, resolve)) } };
        }),
    },
    {
      method: 'POST',
      template: ALL,
      queryNames: SHAPING,
      answer: (request) => withVolume(context, request, (volume) => attach(context, request, volume)),
    },
    {
      method: 'GET',
      template: ONE,
      queryNames: SHAPING,
      answer: (request) => withAttachment(context, request, (one) => show(context, request, { one, status: 200 })),
    },
    {
      method: 'DELETE',
      template: ONE,
      answer: (request) => withAttachment(context, request, (one) => detach(context, one)),
    },
  ];
}

function show(
  context: PacketContext,
  request: SimRequest,
  { one, status }: { readonly one: AttachmentRecord; readonly status: number },
): SimAnswer {
  return shaped(status, viewAttachment(context, one), request, resolverOf(context, request));
}

function withAttachment(
  context: PacketContext,
  request: SimRequest,
  work: (one: AttachmentRecord) => SimAnswer,
): SimAnswer {
  const world = worldOf(context, request);
  const one = world.attachments.get((request.params['id'] ?? '').toLowerCase());
  if (one === undefined) return notFound;
  return context.tokens.maySee(request, world.volumes.get(one.volumeId)?.projectId) ? work(one) : forbidden;
}

function attach(context: PacketContext, request: SimRequest, volume: VolumeRecord): SimAnswer {
  const { store, clock, settings } = context;
  const { device_id: deviceId } = request.body as { readonly device_id: string };
  const device = store.current.devices.get(deviceId.toLowerCase());
  const nowMs = clock.monotonicMs();
  if (device === undefined || device.projectId !== volume.projectId || !isThere(device, nowMs)) return notFound;
  const problem = attachProblem(context, volume, device);
  if (problem !== undefined) return unprocessable(problem);
  const made: AttachmentRecord = {
    id: newId(context),
    volumeId: volume.id,
    deviceId: device.id,
    metadataAtMs: nowMs + settings.metadataLagMs,
  };
  store.commit({
    attachments: withEntry(store.current.attachments, made.id, made),
    devices: withEntry(store.current.devices, device.id, { ...device, volumeIds: [...device.volumeIds, volume.id] }),
  });
  return show(context, request, { one: made, status: 201 });
}

function attachProblem(context: PacketContext, volume: VolumeRecord, device: DeviceRecord): string | undefined {
  const { store, clock, settings } = context;
  const nowMs = clock.monotonicMs();
  if (volumeState(volume, nowMs) !== 'active') return 'Volume is not active';
  const { state } = deviceNow(device, nowMs);
  if (state !== 'active' && state !== 'inactive') return `Cannot attach a volume to a device that is ${state}`;
  if (volume.facilityCode !== device.facilityCode) return 'Volume and device must be in the same facility';
  const others = attachmentsOf(store.current, volume.id);
  if (others.some(({ deviceId }) => deviceId === device.id)) return 'Instance is already attached to this volume';
  return others.length > 0 && !settings.multiAttach ? 'Volume is already attached to another instance' : undefined;
}

function detach({ store }: PacketContext, one: AttachmentRecord): SimAnswer {
  const { attachments, devices, volumes } = store.current;
  if (volumes.get(one.volumeId)?.isInUse === true) return unprocessable(BUSY);
  const device = devices.get(one.deviceId);
  const volumeIds = device?.volumeIds.filter((id) => id !== one.volumeId) ?? [];
  store.commit({
    attachments: withoutEntry(attachments, one.id),
    ...(device === undefined ? {} : { devices: withEntry(devices, device.id, { ...device, volumeIds }) }),
  });
  return done;
}
