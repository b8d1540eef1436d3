// A wish for a Machine's status as a merge patch. Pure. Fields that the node link answers for (nodeRef, versions, NodeReady) are left alone.
import { isDeepStrictEqual } from 'node:util';
import type { Device } from '@longshore/packet-api';
import { conditionOf, conditionTypes, withConditions } from '../api/conditions.ts';
import type { ConditionWish } from '../api/conditions.ts';
import type { Machine, PacketMachineProviderStatus } from '../api/objects.ts';
import type { StatusWish } from './machine-facts.ts';
import { memoryOf } from './machine-memory.ts';

type Status = NonNullable<Machine['status']>;

/** The body of the patch, or `undefined` when the Machine shows all that already. */
export function statusPatch(
  machine: Machine,
  wish: StatusWish,
  nowMs: number,
): { readonly status: object } | undefined {
  const before = machine.status ?? {};
  const now = new Date(nowMs).toISOString();
  const wanted: { [Field in keyof Status]?: unknown } = {
    ...(wish.phase && { phase: wish.phase }),
    ...deviceFields(machine, wish.device),
    ...errorFields(before, wish.error),
    conditions: withConditions(
      before.conditions,
      wish.conditions.map((one) => asShown(before, one)),
      now,
    ),
  };
  const changed = Object.entries(wanted).filter(
    ([field, value]) => !isSame((before as Readonly<Record<string, unknown>>)[field], value),
  );
  if (changed.length === 0) return undefined;
  return { status: { ...Object.fromEntries(changed), lastUpdated: now } };
}

/** Whether what the wish says about readiness is new, so that an event is worth its while. */
export function isNews(machine: Machine, { conditions }: StatusWish): boolean {
  const wished = conditions.find(({ type }) => type === conditionTypes.ready);
  const shown = conditionOf(machine.status, conditionTypes.ready);
  if (wished === undefined) return false;
  return shown?.reason !== wished.reason || lasting(shown.message) !== lasting(wished.message);
}

// Each answer of the API has a new number, which does not make it news.
function lasting(message: string): string {
  return message.replaceAll(/\(request [^)]*\)/g, '');
}

// In a merge patch `null` takes a field away: an absent field is as good as one that is `null`, inside objects too.
function isSame(before: unknown, wanted: unknown): boolean {
  return isDeepStrictEqual(withoutNulls(before), withoutNulls(wanted));
}

function withoutNulls(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(fields.map(([name, inner]) => [name, withoutNulls(inner)]));
}

// A message that differs in nothing that lasts is not written: the write would bring the Machine back, and with it the next call and message.
function asShown(status: Status, wish: ConditionWish): ConditionWish {
  const shown = conditionOf(status, wish.type);
  const isSaid = shown !== undefined && lasting(shown.message) === lasting(wish.message);
  return isSaid ? { ...wish, message: shown.message } : wish;
}

function errorFields({ errorMessage = '' }: Status, error: StatusWish['error']): object {
  if (error === undefined) return {};
  if (error === null) return { errorReason: null, errorMessage: null };
  const isSaid = lasting(errorMessage) === lasting(error.message);
  return { errorReason: error.reason, errorMessage: isSaid ? errorMessage : error.message };
}

type ProviderFields = { readonly [Field in keyof PacketMachineProviderStatus]-?: unknown };

function deviceFields(machine: Machine, device: StatusWish['device']): object {
  if (device === undefined) return {};
  const { attemptId = null, requestedAtMs } = memoryOf(machine);
  const providerStatus: ProviderFields = {
    ...providerFields(device),
    attemptID: attemptId,
    createRequestedAt: requestedAtMs === undefined ? null : new Date(requestedAtMs).toISOString(),
  };
  return { providerStatus, addresses: device === null ? [] : addressesOf(device) };
}

function providerFields(device: Device | null): Omit<ProviderFields, 'attemptID' | 'createRequestedAt'> {
  if (device === null) return { deviceID: null, deviceState: null, provisioningPercentage: null, facility: null };
  const { id, state, provisioningPercentage = null, facility } = device;
  return { deviceID: id, deviceState: state, provisioningPercentage, facility: facility?.code ?? null };
}

/** Addresses as Nodes have them: the public ones first, in the API's order. */
export function addressesOf({ addresses, hostname }: Device): NonNullable<Status['addresses']> {
  const ofKind = (isPublic: boolean, type: string): { type: string; address: string }[] =>
    addresses.filter((one) => one.isPublic === isPublic).map(({ address }) => ({ type, address }));
  return [
    ...ofKind(true, 'ExternalIP'),
    ...ofKind(false, 'InternalIP'),
    ...(hostname === '' ? [] : [{ type: 'Hostname', address: hostname }]),
  ];
}
