// The metadata service: what a device is told about itself. The real one knows who asks by the source address. Here a device is named by
// the path (`/devices/<id or hostname>/metadata`: a base URL of its own), by a header, or by its address; else the first one answers.
import type { SimAnswer, SimRequest, SimRoute } from '../exchange.ts';
import { bgpNeighbors } from './bgp-view.ts';
import { metroOf } from './catalog.ts';
import { worldOf } from './context.ts';
import type { PacketContext } from './context.ts';
import { deviceNow, isThere } from './device-life.ts';
import { facilityOf, systemOf, viewDevice } from './device-view.ts';
import { metadataVolumes } from './volume-view.ts';
import type { WirePacketMetadata } from './wire-storage.ts';
import type { AddressRecord, DeviceRecord } from './world.ts';

/** The header that names the device that asks. */
export const DEVICE_HEADER = 'x-simulated-device';

/** What a route of the service does for the device that asks. */
type ForDevice = (device: DeviceRecord, request: SimRequest) => SimAnswer;

/** The routes, each also below `/devices/{device}`. */
export function metadataRoutes(context: PacketContext, selfUrl: () => string): readonly SimRoute[] {
  const json: ForDevice = (device) => ({ status: 200, body: viewMetadata(context, device, selfUrl()) });
  const texts: ForDevice = (device, { params }) => textAnswer(context, device, [params['group'], params['key']]);
  const routes: readonly (readonly [path: string, work: ForDevice])[] = [
    ['/metadata', json],
    ['/userdata', (device) => ({ status: 200, text: device.fields.userdata })],
    ['/2009-04-04/user-data', (device) => ({ status: 200, text: device.fields.userdata })],
    ['/2009-04-04/meta-data', (device) => ({ status: 200, text: Object.keys(textsOf(context, device)).join('\n') })],
    ['/2009-04-04/meta-data/{key}', texts],
    ['/2009-04-04/meta-data/{group}/{key}', texts],
  ];
  return routes.flatMap(([path, work]) =>
    ['', '/devices/{device}'].map((prefix): SimRoute => {
      const answer = (request: SimRequest): SimAnswer => forAsking(context, request, work);
      return { method: 'GET', access: 'open', template: prefix + path, answer };
    }),
  );
}

/** The answer of the service to what it does not have. */
export const noMetadata: SimAnswer = { status: 404, body: { error: 'Not found' } };

// Nothing is served before a device is active, and nothing in pure layer 2.
function forAsking(context: PacketContext, request: SimRequest, work: ForDevice): SimAnswer {
  const device = askingDevice(context, request);
  if (device === undefined) return noMetadata;
  const { state } = deviceNow(device, context.clock.monotonicMs());
  const isServed = state === 'active' || device.fields.osSlug === 'custom_ipxe';
  const isFlat = device.ports.every(({ networkType }) => networkType === 'layer2');
  return isServed && !isFlat ? work(device, request) : noMetadata;
}

function askingDevice(context: PacketContext, request: SimRequest): DeviceRecord | undefined {
  const nowMs = context.clock.monotonicMs();
  const there = [...worldOf(context, request).devices.values()].filter((device) => isThere(device, nowMs));
  const name = request.params['device'] ?? request.headers[DEVICE_HEADER];
  if (name !== undefined) return there.find(({ id, fields }) => id === name || fields.hostname === name);
  const source = request.remoteAddress?.replace(/^::ffff:/, '');
  return there.find(({ addresses }) => addresses.some(({ address }) => address === source)) ?? there[0];
}

function viewMetadata(context: PacketContext, device: DeviceRecord, selfUrl: string): WirePacketMetadata {
  const { fields, id } = device;
  const { iqn } = viewDevice(context, device);
  const { current: world } = context.store;
  const system = systemOf(device);
  const keys = device.sshKeyIds.flatMap((key) => world.sshKeys.get(key)?.key ?? []);
  return {
    id,
    hostname: fields.hostname,
    iqn,
    operating_system: {
      slug: system.slug,
      distro: system.distro,
      version: system.version,
      license_activation: { state: 'unlicensed' },
      image_tag: 'simulated',
    },
    plan: device.planSlug,
    class: device.planSlug,
    reserved: device.hardwareReservationId !== undefined,
    ...(context.settings.places === 'facilities' ? {} : { metro: metroOf(facilityOf(device)).code }),
    facility: device.facilityCode,
    tags: fields.tags,
    ssh_keys: keys,
    storage: fields.storage ?? {},
    network: networkOf(device),
    private_subnets: ['10.0.0.0/8'],
    bgp_neighbors: bgpNeighbors(context, world, device),
    customdata: fields.customdata,
    spot: fields.terminationTime === undefined ? {} : { termination_time: fields.terminationTime },
    volumes: metadataVolumes(world, id, context.clock.monotonicMs()),
    // Of the metadata service, not of the API: as it really was.
    api_url: selfUrl,
    phone_home_url: `${selfUrl}/phone-home`,
  };
}

function networkOf({ ports, addresses }: DeviceRecord): WirePacketMetadata['network'] {
  const interfaces = ports.flatMap(({ name, mac }) => (mac === undefined ? [] : [{ name, mac, bond: 'bond0' }]));
  return { bonding: { mode: 4 }, interfaces, addresses: addresses.map(viewAddress) };
}

function viewAddress(record: AddressRecord): object {
  const { id, family, netmask, createdAt, isPublic, cidr, isManagement, network, address, gateway, parent } = record;
  return {
    id,
    address_family: family,
    netmask,
    created_at: createdAt,
    public: isPublic,
    cidr,
    management: isManagement,
    enabled: true,
    network,
    address,
    gateway,
    parent_block: { ...parent, href: `/ips/${record.reservationId}` },
  };
}

function textAnswer(
  context: PacketContext,
  device: DeviceRecord,
  [group, key = '']: readonly (string | undefined)[],
): SimAnswer {
  const text = textsOf(context, device)[group === undefined ? key : `${group}/${key}`];
  return text === undefined ? noMetadata : { status: 200, text };
}

function textsOf(context: PacketContext, device: DeviceRecord): Readonly<Record<string, string>> {
  const { addresses, fields } = device;
  const system = systemOf(device);
  const find = (family: number, isPublic: boolean): string =>
    addresses.find((one) => one.family === family && one.isPublic === isPublic)?.address ?? '';
  const keys = device.sshKeyIds.flatMap((key) => context.store.current.sshKeys.get(key)?.key ?? []);
  return {
    'instance-id': device.id,
    hostname: fields.hostname,
    iqn: viewDevice(context, device).iqn,
    plan: device.planSlug,
    facility: device.facilityCode,
    tags: fields.tags.join('\n'),
    'operating-system/slug': system.slug,
    'operating-system/distro': system.distro,
    'operating-system/version': system.version,
    'public-keys': keys.join('\n'),
    'public-ipv4': find(4, true),
    'public-ipv6': find(6, true),
    'local-ipv4': find(4, false),
    'spot/termination-time': fields.terminationTime ?? '',
  };
}
