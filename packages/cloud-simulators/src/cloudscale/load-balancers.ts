// Routes of load balancers, and the turn-taking of everything that belongs to one.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { routeName } from '../exchange.ts';
import { addressAt, canonical, isInside } from './addresses.ts';
import { fieldError, refuse } from './answers.ts';
import { firstOf, isUuid, notBlank, required, validChoice } from './checks.ts';
import { isoNow, logged } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { statusOfBalancer, withoutBalancer } from './life.ts';
import { resourceRoutes } from './resource.ts';
import { viewLoadBalancer } from './views.ts';
import type { WireCloudscaleTags } from './wire.ts';
import { BALANCER_FLAVORS, withEntry, ZONES } from './world.ts';
import type { LoadBalancerRecord, SubnetRecord, Vip, World } from './world.ts';

interface VipWish {
  readonly subnet?: string;
  readonly address?: string;
}

interface Body {
  readonly name?: string;
  readonly flavor?: string;
  readonly zone?: string;
  readonly vip_addresses?: readonly VipWish[];
  readonly tags?: WireCloudscaleTags;
}

/** The routes. */
export function loadBalancerRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  return resourceRoutes<LoadBalancerRecord>(context, {
    path: '/v1/load-balancers',
    all: (world) => world.loadBalancers.values(),
    one: (world, request) => world.loadBalancers.get(request.params['uuid'] ?? ''),
    view: viewLoadBalancer,
    create: (request) => create(context, request.body as Body),
    patch: (record, request) => {
      const { name, tags } = request.body as Body;
      const refusal = notBlank('name', name);
      if (refusal !== undefined) return refusal;
      const changed = { ...record, name: name ?? record.name, tags: tags ?? record.tags };
      store.commit({ loadBalancers: withEntry(store.current.loadBalancers, record.uuid, changed) });
      return undefined;
    },
    remove: (record) => remove(context, record),
    inTurn: (record, request, work) => (record === undefined ? work() : takeTurn(context, record, request, work)),
  });
}

/** Does the work when it is its turn at the balancer. */
export function takeTurn(
  { writes, clock, settings }: CloudscaleContext,
  balancer: Pick<LoadBalancerRecord, 'uuid'>,
  request: SimRequest,
  work: () => SimAnswer,
): SimAnswer {
  const times = { nowMs: clock.monotonicMs(), writeMs: settings.writeMs };
  const readyAtMs = writes.turn(balancer.uuid, routeName(request), times);
  return { ...work(), readyAtMs };
}

/** As `takeTurn`, for the parts of a balancer: nothing can be made or changed before it is built. */
export function takePartTurn(
  context: CloudscaleContext,
  balancerUuid: string | undefined,
  request: SimRequest,
  work: () => SimAnswer,
): SimAnswer {
  const world = context.store.current;
  const balancer = world.loadBalancers.get(balancerUuid ?? '');
  if (balancer === undefined) return work();
  return takeTurn(context, balancer, request, () =>
    statusOfBalancer(balancer, world, context.clock.monotonicMs()) === 'changing'
      ? refuse(400, `Load balancer ${balancer.name} is currently changing, please try again later.`)
      : work(),
  );
}

/** Removes balancers whose deletion is over by now. */
export function purgeBalancers({ store, clock }: CloudscaleContext): void {
  const nowMs = clock.monotonicMs();
  for (const { uuid, goneAtMs } of store.current.loadBalancers.values()) {
    if (goneAtMs !== undefined && goneAtMs <= nowMs) store.commit(withoutBalancer(store.current, uuid));
  }
}

function create(context: CloudscaleContext, body: Body): LoadBalancerRecord | SimAnswer {
  const { store, clock, settings } = context;
  const refusal = firstOf(
    () => required(body, ['name', 'flavor']),
    () => notBlank('name', body.name),
    () => validChoice('flavor', body.flavor, [...BALANCER_FLAVORS.keys()]),
    () => validChoice('zone', body.zone, ZONES),
    () => vipProblem(store.current, body),
  );
  if (refusal !== undefined) return refusal;
  const zone = body.zone ?? zoneOf(store.current, body) ?? ZONES[0] ?? '';
  const nowMs = clock.monotonicMs();
  const record: LoadBalancerRecord = {
    uuid: store.newUuid(),
    tags: body.tags ?? {},
    createdAt: isoNow(clock),
    name: body.name ?? '',
    zone,
    flavor: body.flavor ?? '',
    vips: vipsOf(context, body, zone),
    runningAtMs: nowMs + settings.timeToRunningMs,
    forcedStatus: undefined,
    goneAtMs: undefined,
  };
  store.commit({
    loadBalancers: withEntry(store.current.loadBalancers, record.uuid, record),
    ...logged(context, 'load_balancer_create', `Load balancer ${record.name} has been created.`),
  });
  return record;
}

// An empty list is what clients send that want public addresses.
function vipProblem(world: World, { vip_addresses: vips = [], zone }: Body): SimAnswer | undefined {
  const problem = vips.map((vip) => oneVipProblem(world, vip, zone)).find((text) => text !== undefined);
  return problem === undefined ? undefined : fieldError('vip_addresses', problem);
}

function oneVipProblem(world: World, vip: VipWish, zone: string | undefined): string | undefined {
  const { subnet: uuid = '', address } = vip;
  if (!isUuid(uuid)) return 'Must be a valid UUID.';
  const subnet = world.subnets.get(uuid);
  const place = subnet === undefined ? undefined : privateZoneOf(world, subnet);
  if (subnet === undefined || place === undefined) return `Subnet with UUID ${uuid} does not exist.`;
  if (place !== (zone ?? place)) return `Subnet ${uuid} is not in zone ${zone}.`;
  const isFine = address === undefined || isInside(address, subnet.cidr);
  return isFine ? undefined : `"${address}" is not a valid IP for the specified subnet.`;
}

function privateZoneOf(world: World, { networkUuid }: SubnetRecord): string | undefined {
  const network = world.networks.get(networkUuid);
  return network?.isPublic === false ? network.zone : undefined;
}

function zoneOf(world: World, { vip_addresses: [first] = [] }: Body): string | undefined {
  return world.networks.get(world.subnets.get(first?.subnet ?? '')?.networkUuid ?? '')?.zone;
}

function vipsOf(context: CloudscaleContext, { vip_addresses: wishes = [] }: Body, zone: string): readonly Vip[] {
  const { store } = context;
  if (wishes.length > 0) {
    return wishes.map(({ subnet = '', address }) => ({
      subnetUuid: subnet,
      address: address === undefined ? freeAddress(store.current, subnet) : canonical(address),
    }));
  }
  const number = store.newNumber() + 0x8000;
  return publicSubnetsOf(store.current, zone).map(({ uuid, cidr }) => ({
    subnetUuid: uuid,
    address: addressAt(cidr, number % 0xff00),
  }));
}

/** The public subnets of a zone, IPv4 first. */
export function publicSubnetsOf(world: World, zone: string): readonly SubnetRecord[] {
  const network = [...world.networks.values()].find((entry) => entry.isPublic && entry.zone === zone);
  return [...world.subnets.values()].filter(({ networkUuid }) => networkUuid === network?.uuid);
}

/** An address of the subnet that nobody has. */
export function freeAddress(world: World, subnetUuid: string): string {
  const { cidr = '' } = world.subnets.get(subnetUuid) ?? {};
  const taken = new Set([
    ...[...world.loadBalancers.values()].flatMap(({ vips }) => vips.map(({ address }) => address)),
    ...[...world.servers.values()].flatMap(({ interfaces }) =>
      interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ),
  ]);
  for (let n = 100; ; n += 1) {
    const address = addressAt(cidr, n);
    if (!taken.has(address)) return address;
  }
}

function remove(context: CloudscaleContext, record: LoadBalancerRecord): SimAnswer | undefined {
  const { store, clock, settings } = context;
  const nowMs = clock.monotonicMs();
  if (statusOfBalancer(record, store.current, nowMs) === 'changing') {
    return refuse(400, `Load balancer ${record.name} is currently changing and cannot be deleted.`);
  }
  const leaving: LoadBalancerRecord = { ...record, goneAtMs: nowMs + settings.timeToDeleteMs };
  const log = logged(context, 'load_balancer_delete', `Load balancer ${record.name} has been deleted.`);
  if (settings.timeToDeleteMs === 0) store.commit({ ...withoutBalancer(store.current, record.uuid), ...log });
  else store.commit({ loadBalancers: withEntry(store.current.loadBalancers, record.uuid, leaving), ...log });
  return undefined;
}
