// Routes of network ports. A device that is turned to layer 2 loses the addresses it was born with; back in layer 3 it gets new ones.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { forbidden, notFound, unprocessable } from './answers.ts';
import { worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { addressesFor, draftOf, USUAL_ADDRESSES } from './device-factory.ts';
import type { PacketAddressKind } from './device-factory.ts';
import { isThere } from './device-life.ts';
import { viewPort } from './device-view.ts';
import { putDevice } from './devices.ts';
import type { DeviceRecord, PortRecord, VlanRecord } from './world.ts';

const ONE = '/ports/{id}';

interface PortBody {
  /** A VLAN's id, or its number. */
  readonly vnid?: string;
  readonly bulk_enable?: boolean;
  readonly bulk_disable?: boolean;
  readonly request_ips?: readonly { readonly address_family: number; readonly public: boolean }[];
}

interface Asked {
  readonly device: DeviceRecord;
  readonly port: PortRecord;
  readonly body: PortBody;
}

type Work = (context: PacketContext, asked: Asked) => DeviceRecord | SimAnswer;

const WORKS: Readonly<Record<string, Work>> = {
  assign: (context, asked) =>
    withVlan(context, asked, ({ id }) => {
      const { device, port } = asked;
      if (port.vlanIds.includes(id)) return unprocessable('Virtual network is already assigned to this port');
      return withPort(device, { ...port, vlanIds: [...port.vlanIds, id] });
    }),
  unassign: (context, asked) =>
    withVlan(context, asked, ({ id }) => {
      const { device, port } = asked;
      if (!port.vlanIds.includes(id)) return unprocessable('Virtual network is not assigned to this port');
      const nativeVlanId = port.nativeVlanId === id ? undefined : port.nativeVlanId;
      return withPort(device, { ...port, nativeVlanId, vlanIds: port.vlanIds.filter((other) => other !== id) });
    }),
  bond: (_context, asked) => bonded(asked, true, asked.body.bulk_enable === true),
  disbond: (_context, asked) => bonded(asked, false, asked.body.bulk_disable === true),
  'convert/layer-2': (context, asked) => {
    const { device } = asked;
    const addresses = device.addresses.filter(({ isManagement }) => !isManagement);
    const flat = { ...device, addresses, ports: device.ports.map((port) => ({ ...port, networkType: 'layer2' })) };
    if (asked.body.vnid === undefined) return flat;
    const port = flat.ports.find(({ id }) => id === asked.port.id) ?? asked.port;
    return WORKS['assign']?.(context, { ...asked, device: flat, port }) ?? flat;
  },
  'convert/layer-3': (context, { device, body }) => {
    if (device.ports.every(({ networkType }) => networkType !== 'layer2'))
      return unprocessable('Port is in layer 3 already');
    const { store } = context;
    const draft = draftOf(context);
    const fresh = addressesFor(context, draft, { ...device, kinds: kindsOf(body) });
    store.commit({ reservations: draft.reservations });
    const ports = device.ports.map((port) => ({ ...port, networkType: 'layer3', isBonded: true, vlanIds: [] }));
    return { ...device, ports, addresses: [...fresh, ...device.addresses] };
  },
};

/** The routes. */
export function portRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'GET',
      template: ONE,
      queryNames: ['include'],
      answer: (request) => withRequested(context, request, ({ device, port }) => show(context, device, port)),
    },
    ...Object.entries(WORKS).map(([name, work]): PacketRoute => ({
      method: 'POST',
      template: `${ONE}/${name}`,
      queryNames: ['include', 'bulk_enable', 'bulk_disable'],
      answer: (request) => withRequested(context, request, (asked) => carryOut(context, asked, work)),
    })),
    {
      method: 'POST',
      template: `${ONE}/native-vlan`,
      queryNames: ['include', 'vnid'],
      answer: (request) => withRequested(context, request, (asked) => carryOut(context, asked, makeNative)),
    },
    {
      method: 'DELETE',
      template: `${ONE}/native-vlan`,
      queryNames: ['include'],
      answer: (request) =>
        withRequested(context, request, (asked) =>
          carryOut(context, asked, (_context, { device, port }) =>
            withPort(device, { ...port, nativeVlanId: undefined }),
          ),
        ),
    },
  ];
}

const makeNative: Work = (context, asked) =>
  withVlan(context, asked, ({ id }) => {
    const { device, port } = asked;
    if (!port.vlanIds.includes(id)) return unprocessable('Virtual network is not assigned to this port');
    return withPort(device, { ...port, nativeVlanId: id });
  });

function carryOut(context: PacketContext, asked: Asked, work: Work): SimAnswer {
  const done = work(context, asked);
  if (!('ports' in done)) return done;
  putDevice(context, done);
  const port = done.ports.find(({ id }) => id === asked.port.id) ?? asked.port;
  return show(context, done, port);
}

function show(context: PacketContext, device: DeviceRecord, port: PortRecord): SimAnswer {
  return { status: 200, body: viewPort(context, port, device.ports) };
}

function withRequested(context: PacketContext, request: SimRequest, work: (asked: Asked) => SimAnswer): SimAnswer {
  const id = request.params['id'];
  const nowMs = context.clock.monotonicMs();
  for (const device of worldOf(context, request).devices.values()) {
    const port = device.ports.find((one) => one.id === id);
    if (port === undefined || !isThere(device, nowMs)) continue;
    if (!context.tokens.maySee(request, device.projectId)) return forbidden;
    return work({ device, port, body: { ...queryOf(request), ...((request.body ?? {}) as PortBody) } });
  }
  return notFound;
}

// The later API has these in the query.
function queryOf({ query }: SimRequest): PortBody {
  const vnid = query.get('vnid');
  return {
    ...(vnid === null ? {} : { vnid }),
    bulk_enable: query.get('bulk_enable') === 'true',
    bulk_disable: query.get('bulk_disable') === 'true',
  };
}

function withVlan(
  { store }: PacketContext,
  { device, body }: Asked,
  work: (vlan: VlanRecord) => DeviceRecord | SimAnswer,
): DeviceRecord | SimAnswer {
  const vlan = [...store.current.vlans.values()].find(
    (one) => one.projectId === device.projectId && (one.id === body.vnid || String(one.vxlan) === body.vnid),
  );
  return vlan === undefined ? unprocessable('Virtual network was not found') : work(vlan);
}

function bonded({ device, port }: Asked, isBonded: boolean, isBulk: boolean): DeviceRecord {
  const isMeant = (one: PortRecord): boolean =>
    one.id === port.id || (isBulk && one.bondId === (port.bondId ?? port.id));
  return { ...device, ports: device.ports.map((one) => (isMeant(one) ? { ...one, isBonded } : one)) };
}

function withPort(device: DeviceRecord, port: PortRecord): DeviceRecord {
  return { ...device, ports: device.ports.map((one) => (one.id === port.id ? port : one)) };
}

function kindsOf({ request_ips: asked }: PortBody): readonly PacketAddressKind[] {
  if (asked === undefined || asked.length === 0) return USUAL_ADDRESSES;
  return asked.map((one) => {
    if (one.address_family === 6) return 'public-ipv6';
    return one.public ? 'public-ipv4' : 'private-ipv4';
  });
}
