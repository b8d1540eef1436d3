// The readers of answers: what they make of whole answers, and that whatever is missing or strange ends as a value or as an error that
// names the field, never as a crash or as something of the wrong kind.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseBgpConfig, parseBgpNeighbor, parseBgpSession } from './bgp.ts';
import { parseCapacityAnswer, parseReport } from './capacity.ts';
import { parseFacility, parseMetro, parseOperatingSystem, parsePlan } from './catalog.ts';
import { parseDeviceMetadata } from './device-metadata.ts';
import { parseDeviceOutline } from './device-outline.ts';
import { parseDevice } from './device.ts';
import { parseEvent } from './events.ts';
import { parseHardwareReservation } from './hardware-reservations.ts';
import { parseAssignment, parseReservation } from './ip-address.ts';
import { parsePort } from './ports.ts';
import { parseProject } from './projects.ts';
import { parseSshKey } from './ssh-keys.ts';
import { parseVirtualNetwork } from './virtual-networks.ts';
import { parseSnapshot, parseVolume } from './volume.ts';
import * as sample from './test-support/samples.ts';

const { idOf } = sample;

const READERS: readonly {
  readonly what: string;
  readonly parse: (raw: unknown) => unknown;
  readonly whole: unknown;
}[] = [
  { what: 'device', parse: parseDevice, whole: sample.DEVICE },
  { what: 'device outline', parse: parseDeviceOutline, whole: sample.DEVICE },
  { what: 'port', parse: parsePort, whole: sample.PORT },
  { what: 'IP assignment', parse: parseAssignment, whole: sample.ASSIGNMENT },
  { what: 'IP reservation', parse: parseReservation, whole: sample.RESERVATION },
  { what: 'project', parse: parseProject, whole: sample.PROJECT },
  { what: 'volume', parse: parseVolume, whole: sample.VOLUME },
  { what: 'snapshot', parse: parseSnapshot, whole: sample.SNAPSHOT },
  { what: 'BGP configuration', parse: parseBgpConfig, whole: sample.BGP_CONFIG },
  { what: 'BGP session', parse: parseBgpSession, whole: sample.BGP_SESSION },
  { what: 'BGP neighbour', parse: parseBgpNeighbor, whole: sample.BGP_NEIGHBOR },
  { what: 'SSH key', parse: parseSshKey, whole: sample.SSH_KEY },
  { what: 'plan', parse: parsePlan, whole: sample.PLAN },
  { what: 'operating system', parse: parseOperatingSystem, whole: sample.OPERATING_SYSTEM },
  { what: 'facility', parse: parseFacility, whole: sample.PLACE },
  { what: 'metro', parse: parseMetro, whole: sample.METRO },
  { what: 'virtual network', parse: parseVirtualNetwork, whole: sample.VLAN },
  { what: 'event', parse: parseEvent, whole: sample.EVENT },
  { what: 'hardware reservation', parse: parseHardwareReservation, whole: sample.HARDWARE },
  { what: 'metadata', parse: parseDeviceMetadata, whole: sample.METADATA },
  {
    what: 'capacity answer',
    parse: parseCapacityAnswer,
    whole: { metro: 'da', plan: 'c3.small.x86', quantity: '2', available: true },
  },
  { what: 'capacity report', parse: parseReport, whole: { capacity: { da: { 'c3.small.x86': { level: 'normal' } } } } },
];

// Paths to all fields, lists and their items included.
function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [[...path, key], ...pathsOf(child, [...path, key])]);
}

function replaced(value: unknown, path: readonly string[], put: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== 'object' || value === null) return put;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  const record = copy as Record<string, unknown>;
  if (rest.length === 0 && put === undefined) delete record[key];
  else record[key] = replaced(record[key], rest, put);
  return copy;
}

// The kinds of values that a reader gives for the whole answer are those that it gives for any other.
function kindsOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, kindsOf(child)]));
}

function sameKinds(whole: unknown, other: unknown): boolean {
  if (other === undefined || whole === 'undefined') return true;
  if (typeof whole === 'string')
    return (Array.isArray(other) ? 'list' : typeof other) === whole && !Number.isNaN(other);
  if (typeof other !== 'object' || other === null) return false;
  const record = other as Record<string, unknown>;
  return Object.entries(whole as Record<string, unknown>).every(([key, kind]) => sameKinds(kind, record[key]));
}

function outcomeOf(parse: () => unknown): { readonly value?: unknown; readonly error?: Error } {
  try {
    return { value: parse() };
  } catch (error) {
    return { error: error as Error };
  }
}

const STRANGE = [undefined, null, '', 'text', 0, -1, 1.5, true, [], {}, [null], [{}], ['x']];

describe.each(READERS)('reader of a $what', ({ parse, whole }) => {
  test('with fields that are missing, null or of another kind: a value of the same kinds, or an error about the answer', () => {
    const kinds = kindsOf(parse(whole));
    // What users keep in customdata is theirs, of any form.
    const paths = pathsOf(whole).filter(([first, second]) => first !== 'customdata' || second === undefined);
    const edit = fc.tuple(fc.constantFrom(...paths), fc.constantFrom(...STRANGE));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const raw = edits.reduce((value, [path, put]) => replaced(value, path, put), whole);
        const found = outcomeOf(() => parse(raw));
        // A TypeError would be a field that nobody looked at before it was used.
        expect(found.error?.constructor ?? Error).toBe(Error);
        expect(sameKinds(kinds, found.value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([undefined, null, 'text', [], 7])('%p is no answer', (raw) => {
    expect(() => parse(raw)).toThrow(/is not a JSON object/);
  });
});

describe('devices', () => {
  test('have all that the programs need', () => {
    expect(parseDevice(sample.DEVICE)).toMatchObject({
      id: idOf(20),
      hostname: 'node-1',
      state: 'active',
      plan: 'c3.small.x86',
      operatingSystem: 'ubuntu_22_04',
      projectId: idOf(40),
      facility: { id: idOf(1), code: 'da11' },
      metro: { id: idOf(2), code: 'da' },
      addresses: [{ id: idOf(10), address: '198.51.100.5', family: 4, isPublic: true, isManagement: true, cidr: 31 }],
      ports: [{ name: 'eth0', isBonded: true, bond: { id: idOf(31), name: 'bond0' }, virtualNetworkIds: [idOf(33)] }],
      hardwareReservationId: idOf(41),
      volumeIds: [idOf(50)],
      createdAt: '2021-01-02T03:04:05Z',
      updatedAt: '2021-01-02T03:04:05.000Z',
      terminationTime: undefined,
    });
  });

  test('without addresses, as with layer 2 only or just ordered', () => {
    expect(parseDevice({ id: idOf(1), state: 'queued', ip_addresses: null })).toMatchObject({
      addresses: [],
      hostname: '',
    });
    expect(parseDevice({ id: idOf(1), state: 'queued', ip_addresses: [{ id: idOf(2) }] }).addresses).toEqual([]);
  });

  test('of the Packet era: no metro, project as a link without prefix', () => {
    const { metro: _, ...facility } = sample.PLACE;
    const device = parseDevice({
      ...sample.DEVICE,
      metro: undefined,
      facility,
      project: { href: `/projects/${idOf(40)}` },
    });
    expect([device.metro, device.facility?.code, device.projectId]).toEqual([undefined, 'da11', idOf(40)]);
  });

  test('a metro that only the facility names counts', () => {
    expect(parseDevice({ ...sample.DEVICE, metro: undefined }).metro?.code).toBe('da');
  });
});

describe('addresses', () => {
  test('a reservation has its assignments, whole or as links', () => {
    expect(parseReservation(sample.RESERVATION)).toMatchObject({
      id: idOf(60),
      state: 'created',
      tags: ['cluster=1'],
      customdata: { b: 2 },
      isAddon: true,
      facility: { id: idOf(1), code: undefined },
      metro: { code: 'da' },
      assignments: [
        { id: idOf(61), address: undefined, deviceId: undefined },
        { id: idOf(62), address: '198.51.100.9', deviceId: idOf(20) },
      ],
    });
  });

  test('one that waits for approval has no address', () => {
    const pending = parseReservation({ id: idOf(60), type: 'public_ipv6', state: 'pending' });
    expect([pending.address, pending.state, pending.family]).toEqual([undefined, 'pending', 6]);
  });

  test('a prefix in the address is no part of it', () => {
    expect(parseAssignment({ id: idOf(1), address: '198.51.100.9/32' })).toMatchObject({
      address: '198.51.100.9',
      family: 4,
    });
    expect(parseAssignment({ id: idOf(1), address: '2604:1380::1' }).family).toBe(6);
  });
});

describe('BGP', () => {
  test('never switched on is no configuration', () => {
    expect(parseBgpConfig({})).toBeUndefined();
    expect(parseBgpConfig({ ...sample.BGP_CONFIG, status: 'disabled' })).toMatchObject({
      status: 'disabled',
      maxPrefix: 10,
    });
  });

  test('one state per router; the password only where it is in use', () => {
    expect(parseBgpSession(sample.BGP_SESSION)).toMatchObject({ status: ['up', 'down'], deviceId: idOf(20) });
    expect(parseBgpNeighbor({ ...sample.BGP_NEIGHBOR, md5_enabled: false }).md5).toBeUndefined();
  });
});

describe('volumes', () => {
  test('with target, attachments and policies', () => {
    expect(parseVolume(sample.VOLUME)).toMatchObject({
      sizeGB: 100,
      plan: { slug: 'storage_1' },
      access: { iqn: 'iqn.2013-05.com.daterainc:tc:01:sn:1', ips: ['10.144.35.132', '10.144.51.11'] },
      attachments: [{ id: idOf(53), deviceId: idOf(20), volumeId: idOf(50) }],
      snapshotPolicies: [{ id: idOf(51), frequency: '1day', count: 3 }, { id: idOf(52) }],
    });
  });

  test('without the target, and with attachments that are links', () => {
    const { access: _, name: __, ...rest } = sample.VOLUME;
    const volume = parseVolume({ ...rest, attachments: [{ href: `/storage/attachments/${idOf(53)}` }] });
    expect([volume.access, volume.name]).toEqual([undefined, 'volume-00000050']);
    expect(volume.attachments).toEqual([{ id: idOf(53), deviceId: undefined, volumeId: idOf(50) }]);
  });

  test('the size of a volume in the metadata is a text', () => {
    expect(parseDeviceMetadata(sample.METADATA).volumes).toEqual([
      { name: 'volume-00000050', iqn: 'iqn.2013-05.com.daterainc:tc:01:sn:1', ips: ['10.144.35.132'], sizeGB: 10 },
    ]);
  });
});

describe('capacity', () => {
  test('the report has one row per place and plan; both spellings of places', () => {
    expect(parseReport({ capacity: { ewr1: { a: { level: 'limited', servers: '45+' }, b: {} } } })).toEqual([
      { place: 'ewr1', plan: 'a', level: 'limited' },
      { place: 'ewr1', plan: 'b', level: 'unavailable' },
    ]);
    expect(parseCapacityAnswer({ facility: 'ewr1', plan: 'a', quantity: '2', available: false })).toEqual({
      place: 'ewr1',
      plan: 'a',
      quantity: 2,
      isAvailable: false,
    });
  });
});
