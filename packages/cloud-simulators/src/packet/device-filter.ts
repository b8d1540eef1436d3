// Which devices a list shows. `hostname` and `search` match parts: a client that wants one host must compare by itself.
import type { WirePacketDevice } from './wire.ts';

/** Query names that filter a list of devices. */
export const DEVICE_FILTERS = [
  'search',
  'hostname',
  'facility',
  'metro',
  'reserved',
  'tag',
  'type',
  'has_termination_time',
  'mac_address',
  'categories',
] as const;

type Test = (device: WirePacketDevice, value: string) => boolean;

const TESTS: Readonly<Record<string, Test>> = {
  search: (device, value) => searchedTexts(device).some((text) => contains(text, value)),
  hostname: ({ hostname }, value) => contains(hostname, value),
  facility: ({ facility }, value) => [facility.code, facility.id].includes(value),
  metro: ({ metro }, value) => metro !== undefined && [metro.code, metro.id].includes(value),
  reserved: (device, value) => (device.hardware_reservation !== undefined) === (value === 'true'),
  tag: ({ tags }, value) => tags.includes(value),
  type: (device, value) => value.split(',').includes(kindOf(device)),
  has_termination_time: (device, value) => (device.termination_time !== undefined) === (value === 'true'),
  mac_address: (device, value) => device.network_ports.some(({ data }) => data.mac === value.toLowerCase()),
};

/** The test that a query asks for. */
export function deviceFilter(query: URLSearchParams): (device: WirePacketDevice) => boolean {
  const wanted = [...query].flatMap(([name, value]) => {
    const test = TESTS[name];
    return test === undefined || value === '' ? [] : [(device: WirePacketDevice) => test(device, value)];
  });
  return (device) => wanted.every((test) => test(device));
}

function kindOf(device: WirePacketDevice): string {
  if (device.spot_instance) return 'spot';
  return device.hardware_reservation === undefined ? 'ondemand' : 'reserved';
}

function searchedTexts(device: WirePacketDevice): readonly string[] {
  const { facility, plan, operating_system: system } = device;
  return [
    device.hostname,
    device.description ?? '',
    ...device.tags,
    device.id,
    device.short_id,
    plan.name,
    plan.slug,
    facility.code,
    facility.name,
    system.name,
    system.slug,
    ...device.ip_addresses.map(({ address }) => address),
  ];
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}
