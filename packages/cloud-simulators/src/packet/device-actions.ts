// Routes of what can be done with a device (its buttons), and of making many at once.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { unprocessable } from './answers.ts';
import { findOperatingSystem } from './catalog.ts';
import { dateNow, newId, refTo, withProject } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import type { DeviceBody } from './device-checks.ts';
import { deviceNow, eventText, passingState, turn } from './device-life.ts';
import { createDevice, lifeMaker, putDevice, withDevice } from './devices.ts';
import type { WirePacketDeviceState } from './wire.ts';
import type { DeviceRecord, LifeStep } from './world.ts';

interface ActionBody {
  readonly type: string;
  readonly operating_system?: string;
  readonly ipxe_script_url?: string;
}

interface BatchBody extends DeviceBody {
  readonly hostnames?: readonly string[];
  readonly quantity?: number;
}

/** The routes. */
export function deviceActionRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'POST',
      template: '/devices/{id}/actions',
      answer: (request) => withDevice(context, request, (record) => act(context, request.body as ActionBody, record)),
    },
    {
      method: 'POST',
      template: '/projects/{id}/devices/batch',
      answer: (request) => withProject(context, request, ({ id }) => createBatches(context, request, id)),
    },
  ];
}

/** The states in which an action is possible; what is not listed is refused. Assumed, as is the text of the refusal. */
const POSSIBLE: Readonly<Record<string, readonly WirePacketDeviceState[]>> = {
  power_on: ['inactive'],
  power_off: ['active'],
  reboot: ['active'],
  rescue: ['active', 'inactive'],
  reinstall: ['active', 'inactive', 'failed'],
};

function act(context: PacketContext, body: ActionBody, record: DeviceRecord): SimAnswer {
  const nowMs = context.clock.monotonicMs();
  const { state } = deviceNow(record, nowMs);
  const states = POSSIBLE[body.type];
  if (states === undefined) return unprocessable('Type is not included in the list');
  if (!states.includes(state)) return unprocessable(`Cannot ${body.type.replace('_', ' ')} a device that is ${state}`);
  const system = findOperatingSystem(body.operating_system ?? record.fields.osSlug);
  if (system === undefined) return unprocessable('Operating system is not valid');
  const fields = body.type === 'reinstall' ? { ...record.fields, osSlug: system.slug } : record.fields;
  putDevice(context, { ...record, fields, life: turn(record, nowMs, stepsOf(context, body.type, state)) });
  return { status: 202 };
}

function stepsOf(context: PacketContext, type: string, before: WirePacketDeviceState): readonly LifeStep[] {
  const { powerMs, reinstallMs } = context.settings;
  const make = lifeMaker(context);
  const event = eventText(make, `instance.${type}`, `The device was asked to ${type.replace('_', ' ')}`);
  const pass = (during: WirePacketDeviceState, then: WirePacketDeviceState, ms: number): readonly LifeStep[] =>
    passingState(make, { during, then, ms, event });
  if (type === 'power_off') return pass('powering_off', 'inactive', powerMs);
  if (type === 'power_on') return pass('powering_on', 'active', powerMs);
  if (type === 'reinstall') return pass('reinstalling', 'active', reinstallMs);
  // A machine that restarts stays what it is.
  return type === 'rescue' ? pass(before, 'active', powerMs) : [{ at: make.momentIn(0), event }];
}

function createBatches(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const { batches } = request.body as { readonly batches: readonly BatchBody[] };
  const before = context.store.current;
  const views: object[] = [];
  for (const batch of batches) {
    const made = createBatch(context, projectId, batch);
    if (!Array.isArray(made)) {
      // All or nothing: what the batches before this one made goes away again.
      context.store.commit(before);
      return made as SimAnswer;
    }
    views.push(viewBatch(context, projectId, made as readonly DeviceRecord[]));
  }
  return { status: 201, body: { batches: views } };
}

function createBatch(
  context: PacketContext,
  projectId: string,
  { hostnames = [], quantity = hostnames.length, ...body }: BatchBody,
): readonly DeviceRecord[] | SimAnswer {
  const made: DeviceRecord[] = [];
  for (let index = 0; index < quantity; index += 1) {
    const hostname = hostnames[index] ?? body.hostname;
    const one = createDevice(context, projectId, { ...body, ...(hostname === undefined ? {} : { hostname }) });
    if ('status' in one) return one;
    made.push(one);
  }
  return made;
}

function viewBatch(context: PacketContext, projectId: string, devices: readonly DeviceRecord[]): object {
  const now = dateNow(context);
  return {
    id: newId(context),
    state: 'completed',
    quantity: devices.length,
    error_messages: [],
    devices: devices.map(({ id }) => refTo(context, `/devices/${id}`)),
    project: refTo(context, `/projects/${projectId}`),
    created_at: now,
    updated_at: now,
  };
}
