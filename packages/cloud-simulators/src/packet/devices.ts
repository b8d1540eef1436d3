// Routes of devices: create, read, change, delete. What a device is at any time follows from its life (device-life.ts).
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { done, forbidden, notFound, unprocessable } from './answers.ts';
import { dateNow, momentIn, newId, PAGING, SHAPING, withOne, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { choose, fieldProblems, isChosen } from './device-checks.ts';
import type { Chosen, DeviceBody } from './device-checks.ts';
import { addDevice, draftOf, NEW_FIELDS } from './device-factory.ts';
import type { DevicePlan } from './device-factory.ts';
import { DEVICE_FILTERS, deviceFilter } from './device-filter.ts';
import { deviceNow, isThere, lastSteps, newLife, turn } from './device-life.ts';
import type { LifeMaker } from './device-life.ts';
import { viewDevice } from './device-view.ts';
import { page } from './paging.ts';
import { resolverOf } from './resolver.ts';
import { isReshaped, shape, shaped } from './shape.ts';
import { keysForDevice } from './ssh-key-choice.ts';
import type { WirePacketDevice } from './wire.ts';
import type { DeviceFields, DeviceRecord, World } from './world.ts';

const ONE = '/devices/{id}';
/** What devices show in full anyway. */
const SHOWN_ANYWAY = ['facility', 'metro', 'plan', 'operating_system', 'ip_addresses', 'network_ports'];

/** The routes. */
export function deviceRoutes(context: PacketContext): readonly PacketRoute[] {
  const change = (request: SimRequest): SimAnswer =>
    withDevice(context, request, (record) => update(context, request, record));
  return [
    {
      method: 'GET',
      template: '/projects/{id}/devices',
      queryNames: [...PAGING, ...SHAPING, ...DEVICE_FILTERS],
      answer: (request) => withProject(context, request, ({ id }) => list(context, request, id)),
    },
    {
      method: 'POST',
      template: '/projects/{id}/devices',
      queryNames: SHAPING,
      answer: (request) =>
        withProject(context, request, ({ id }) => {
          const made = createDevice(context, id, request.body as DeviceBody);
          return 'status' in made ? made : show(context, request, { status: 201, record: made });
        }),
    },
    {
      method: 'GET',
      template: ONE,
      queryNames: SHAPING,
      answer: (request) =>
        withDevice(context, request, (record) => {
          const { state } = deviceNow(record, context.clock.monotonicMs());
          if (state === 'failed' && context.settings.failedDevices === 'forbid') return forbidden;
          return show(context, request, { status: 200, record });
        }),
    },
    { method: 'PUT', template: ONE, queryNames: SHAPING, answer: change },
    { method: 'PATCH', template: ONE, queryNames: SHAPING, answer: change },
    {
      method: 'DELETE',
      template: ONE,
      queryNames: ['force_delete'],
      answer: (request) => withDevice(context, request, (record) => remove(context, request, record)),
    },
  ];
}

/** Does `work` with the device of the request's `{id}`, unless it is gone or somebody else's. */
export function withDevice(
  context: PacketContext,
  request: SimRequest,
  work: (record: DeviceRecord) => SimAnswer,
): SimAnswer {
  const { devices } = worldOf(context, request);
  return withOne(context, request, devices, (record) =>
    isThere(record, context.clock.monotonicMs()) ? work(record) : notFound,
  );
}

/** What makes the moments of lives. */
export function lifeMaker(context: PacketContext): LifeMaker {
  return { momentIn: (ms) => momentIn(context, ms), newId: () => newId(context) };
}

/** Puts another version of a device into the world. */
export function putDevice({ store }: PacketContext, record: DeviceRecord): void {
  store.commit({ devices: withEntry(store.current.devices, record.id, record) });
}

function list(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const nowMs = context.clock.monotonicMs();
  const { listLagMs, duplicatesInLists } = context.settings;
  const isListed = (record: DeviceRecord): boolean =>
    record.projectId === projectId && nowMs - record.created.monotonicMs >= listLagMs && isThere(record, nowMs);
  const accepts = deviceFilter(request.query);
  const found = [...worldOf(context, request).devices.values()]
    .filter(isListed)
    .map((record) => viewDevice(context, record))
    .filter(accepts);
  const items = duplicatesInLists ? found.flatMap((device) => [device, device]) : found;
  if (!isReshaped(request, SHOWN_ANYWAY)) return page(context, request, { key: 'devices', items, toJson: written });
  const resolve = resolverOf(context, request);
  const toJson = (device: WirePacketDevice): string => JSON.stringify(shape(device, request, resolve));
  return page(context, request, { key: 'devices', items, toJson });
}

const texts = new WeakMap<WirePacketDevice, string>();

function written(device: WirePacketDevice): string {
  const known = texts.get(device);
  if (known !== undefined) return known;
  const json = JSON.stringify(device);
  texts.set(device, json);
  return json;
}

function show(
  context: PacketContext,
  request: SimRequest,
  { status, record }: { readonly status: number; readonly record: DeviceRecord },
): SimAnswer {
  return shaped(status, viewDevice(context, record), request, resolverOf(context, request));
}

/** Makes a device that a body asks for, or says why not. */
export function createDevice(context: PacketContext, projectId: string, body: DeviceBody): DeviceRecord | SimAnswer {
  const { store, clock, settings } = context;
  const nowMs = clock.monotonicMs();
  const there = [...store.current.devices.values()].filter((one) => one.projectId === projectId && isThere(one, nowMs));
  if (there.length >= settings.deviceQuota) {
    return unprocessable('You have reached the maximum number of devices for this project');
  }
  const chosen = choose(context, projectId, body);
  if (!isChosen(chosen)) return chosen;
  const keys = keysForDevice(context, projectId, body);
  if (!('ids' in keys)) return keys;
  const draft = draftOf(context);
  const made = addDevice(context, draft, devicePlan(context, projectId, { body, chosen, sshKeyIds: keys.ids }));
  store.commit({ devices: draft.devices, reservations: draft.reservations });
  return made;
}

function devicePlan(
  context: PacketContext,
  projectId: string,
  {
    body,
    chosen,
    sshKeyIds,
  }: { readonly body: DeviceBody; readonly chosen: Chosen; readonly sshKeyIds: readonly string[] },
): DevicePlan {
  const { queuedMs, provisioningMs } = context.settings;
  const isFailing = context.luck.failuresToCome > 0;
  if (isFailing) context.luck.failuresToCome -= 1;
  return {
    projectId,
    facilityCode: chosen.facility.code,
    planSlug: chosen.plan.slug,
    sshKeyIds,
    hardwareReservationId: chosen.hardware?.id,
    addressKinds: chosen.addressKinds,
    life: newLife(lifeMaker(context), { queuedMs, provisioningMs, isFailing }),
    fields: { ...NEW_FIELDS, ...fieldsOf(body), osSlug: chosen.system.slug },
  };
}

// Only what the body names.
function fieldsOf(body: DeviceBody): Partial<DeviceFields> {
  const price = body.spot_price_max;
  const named = {
    hostname: body.hostname,
    description: body.description,
    tags: body.tags,
    billingCycle: body.billing_cycle,
    locked: body.locked,
    userdata: body.userdata,
    customdata: customdataOf(body.customdata),
    alwaysPxe: body.always_pxe,
    networkFrozen: body.network_frozen,
    spotInstance: body.spot_instance,
    spotPriceMax: price === undefined ? undefined : Number(price),
    terminationTime: body.termination_time ?? undefined,
    ipxeScriptUrl: body.ipxe_script_url,
    storage: body.storage,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

// Clients send an object, or the JSON of one.
function customdataOf(raw: DeviceBody['customdata']): Readonly<Record<string, unknown>> | undefined {
  if (typeof raw !== 'string') return raw;
  try {
    const parsed: unknown = JSON.parse(raw);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function update(context: PacketContext, request: SimRequest, record: DeviceRecord): SimAnswer {
  const body = (request.body ?? {}) as DeviceBody;
  const problems = fieldProblems(body);
  if (problems.length > 0) return unprocessable(...problems);
  const changed = { ...record, updatedAt: dateNow(context), fields: { ...record.fields, ...fieldsOf(body) } };
  putDevice(context, changed);
  return show(context, request, { status: 200, record: changed });
}

function remove(context: PacketContext, request: SimRequest, record: DeviceRecord): SimAnswer {
  const { state } = deviceNow(record, context.clock.monotonicMs());
  if (state === 'deprovisioning') return done;
  const body = request.body as { readonly force_delete?: boolean } | undefined;
  const isForced = body?.force_delete === true || request.query.get('force_delete') === 'true';
  const problem = removalProblem(context, record, isForced);
  if (problem !== undefined) return unprocessable(problem);
  context.store.commit(withoutDevice(context, record, context.settings.deprovisioningMs));
  return done;
}

function removalProblem(context: PacketContext, record: DeviceRecord, isForced: boolean): string | undefined {
  if (record.fields.locked) return 'Cannot delete a locked item';
  if (isForced) return undefined;
  const { state } = deviceNow(record, context.clock.monotonicMs());
  const isUnderWay = state === 'queued' || state === 'provisioning';
  if (isUnderWay && context.settings.deleteWhileProvisioning === 'refuse') {
    return 'Cannot delete a device while it is being provisioned';
  }
  return record.volumeIds.length > 0
    ? 'Cannot delete a device with attached volumes, detach them or force the deletion'
    : undefined;
}

/** The world in which a device is on its way out: its elastic addresses, sessions and attachments are free at once. */
export function withoutDevice(context: PacketContext, record: DeviceRecord, deprovisioningMs: number): Partial<World> {
  const { current } = context.store;
  const leaving: DeviceRecord = {
    ...record,
    addresses: record.addresses.filter(({ isManagement }) => isManagement),
    volumeIds: [],
    life: turn(record, context.clock.monotonicMs(), lastSteps(lifeMaker(context), deprovisioningMs)),
  };
  const mine = <T extends { readonly id: string; readonly deviceId: string }>(map: ReadonlyMap<string, T>) =>
    [...map.values()]
      .filter(({ deviceId }) => deviceId === record.id)
      .reduce<ReadonlyMap<string, T>>((left, { id }) => withoutEntry(left, id), map);
  return {
    devices: withEntry(current.devices, record.id, leaving),
    attachments: mine(current.attachments),
    bgpSessions: mine(current.bgpSessions),
  };
}
