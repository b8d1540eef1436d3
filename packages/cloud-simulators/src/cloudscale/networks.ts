// Routes of networks, subnets, regions, flavors and the audit log.
import type { SimAnswer } from '../exchange.ts';
import { addressAt, parseCidr } from './addresses.ts';
import { fieldError, refuse, show } from './answers.ts';
import { cidrs, exists, firstOf, notBlank, required, validChoice } from './checks.ts';
import { isoNow, worldOf } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { resourceRoutes } from './resource.ts';
import { viewNetwork, viewSubnet } from './views.ts';
import type { WireCloudscaleTags } from './wire.ts';
import { SERVER_FLAVORS, withEntry, withoutEntry, ZONES, ZONES_OF_REGIONS } from './world.ts';
import type { NetworkRecord, SubnetRecord, World } from './world.ts';

interface NetworkBody {
  readonly name?: string;
  readonly zone?: string;
  readonly mtu?: number;
  readonly auto_create_ipv4_subnet?: boolean;
  readonly tags?: WireCloudscaleTags;
}

interface SubnetBody {
  readonly cidr?: string;
  readonly network?: string;
  readonly gateway_address?: string | null;
  readonly dns_servers?: readonly string[];
  readonly tags?: WireCloudscaleTags;
}

/** The routes. */
export function networkRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  const isOwn = (world: World, networkUuid: string): boolean => world.networks.get(networkUuid)?.isPublic === false;
  const networks = resourceRoutes<NetworkRecord>(context, {
    path: '/v1/networks',
    all: (world) => [...world.networks.values()].filter(({ isPublic }) => !isPublic),
    one: (world, { params }) =>
      isOwn(world, params['uuid'] ?? '') ? world.networks.get(params['uuid'] ?? '') : undefined,
    view: viewNetwork,
    create: (request) => createNetwork(context, request.body as NetworkBody),
    patch: (record, request) => {
      const { name = record.name, mtu = record.mtu, tags = record.tags } = request.body as NetworkBody;
      const refusal = notBlank('name', name);
      if (refusal !== undefined) return refusal;
      store.commit({ networks: withEntry(store.current.networks, record.uuid, { ...record, name, mtu, tags }) });
      return undefined;
    },
    remove: (record) => removeNetwork(context, record),
  });
  const subnets = resourceRoutes<SubnetRecord>(context, {
    path: '/v1/subnets',
    all: (world) => [...world.subnets.values()].filter(({ networkUuid }) => isOwn(world, networkUuid)),
    one: (world, request) => world.subnets.get(request.params['uuid'] ?? ''),
    view: viewSubnet,
    create: (request) => createSubnet(context, request.body as SubnetBody),
    patch: (record, request) => {
      const body = request.body as SubnetBody;
      const changed = {
        ...record,
        gateway: body.gateway_address === undefined ? record.gateway : body.gateway_address,
        dnsServers: body.dns_servers ?? record.dnsServers,
        tags: body.tags ?? record.tags,
      };
      store.commit({ subnets: withEntry(store.current.subnets, record.uuid, changed) });
      return undefined;
    },
    remove: (record) => {
      if (isUsed(store.current, record.uuid)) return refuse(400, 'The subnet is in use.');
      store.commit({ subnets: withoutEntry(store.current.subnets, record.uuid) });
      return undefined;
    },
  });
  return [...networks, ...subnets, ...catalogRoutes(context)];
}

function createNetwork(context: CloudscaleContext, body: NetworkBody): NetworkRecord | SimAnswer {
  const { store, clock } = context;
  const refusal = firstOf(
    () => required(body, ['name']),
    () => notBlank('name', body.name),
    () => validChoice('zone', body.zone, ZONES),
  );
  if (refusal !== undefined) return refusal;
  const { name = '', mtu = 9000, tags = {}, zone = ZONES[0] ?? '' } = body;
  const createdAt = isoNow(clock);
  const record: NetworkRecord = { uuid: store.newUuid(), name, mtu, tags, zone, createdAt, isPublic: false };
  store.commit({ networks: withEntry(store.current.networks, record.uuid, record) });
  if (body.auto_create_ipv4_subnet !== false) {
    const third = store.newNumber() % 250;
    createSubnet(context, { cidr: `172.16.${third}.0/24`, network: record.uuid, gateway_address: `172.16.${third}.1` });
  }
  return record;
}

/** Makes a subnet. */
export function createSubnet(context: CloudscaleContext, body: SubnetBody): SubnetRecord | SimAnswer {
  const { store, clock } = context;
  const refusal = firstOf(
    () => required(body, ['cidr', 'network']),
    () => cidrs('cidr', body.cidr === undefined ? [] : [body.cidr]),
    () => exists('network', body.network, store.current.networks),
  );
  if (refusal !== undefined) return refusal;
  const { cidr = '', network = '', gateway_address: gateway, dns_servers: dnsServers = [], tags = {} } = body;
  const usual = parseCidr(cidr)?.version === 4 ? addressAt(cidr, 1) : null;
  const record: SubnetRecord = {
    uuid: store.newUuid(),
    cidr,
    networkUuid: network,
    gateway: gateway === undefined ? usual : gateway,
    dnsServers,
    tags,
    createdAt: isoNow(clock),
  };
  store.commit({ subnets: withEntry(store.current.subnets, record.uuid, record) });
  return record;
}

function removeNetwork({ store }: CloudscaleContext, record: NetworkRecord): SimAnswer | undefined {
  const own = [...store.current.subnets.values()].filter(({ networkUuid }) => networkUuid === record.uuid);
  if (own.some(({ uuid }) => isUsed(store.current, uuid))) return fieldError('detail', 'The network is in use.');
  const gone = new Set(own.map(({ uuid }) => uuid));
  store.commit({
    networks: withoutEntry(store.current.networks, record.uuid),
    subnets: new Map([...store.current.subnets].filter(([uuid]) => !gone.has(uuid))),
  });
  return undefined;
}

function isUsed(world: World, subnetUuid: string): boolean {
  const ofServers = [...world.servers.values()].flatMap(({ interfaces }) =>
    interfaces.flatMap((entry) => entry.addresses),
  );
  const ofBalancers = [...world.loadBalancers.values()].flatMap(({ vips }) => vips);
  return [...ofServers, ...ofBalancers].some((address) => address.subnetUuid === subnetUuid);
}

function catalogRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const regions = Object.entries(ZONES_OF_REGIONS).map(([slug, zones]) => {
    return { slug, zones: zones.map((zone) => ({ slug: zone })) };
  });
  return [
    { method: 'GET', template: '/v1/regions', answer: () => show(regions) },
    { method: 'GET', template: '/v1/flavors', answer: () => show([...SERVER_FLAVORS.values()]) },
    {
      method: 'GET',
      template: '/v1/project-logs',
      queryNames: ['start'],
      answer: (request) => {
        const startMs = Date.parse(request.query.get('start') ?? '1970-01-01');
        const lines = worldOf(context, request).log.filter(({ at }) => Date.parse(at) >= startMs);
        return show({ results: lines.map(({ action, message }) => ({ action, message })), poll_more: null });
      },
    },
  ];
}
