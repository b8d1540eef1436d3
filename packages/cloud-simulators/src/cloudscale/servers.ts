// Routes of servers. A change, a start and a stop take a while, in which the server is `changing`.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { done, fieldError, notFound } from './answers.ts';
import { exists, firstOf, notBlank, required, validChoice } from './checks.ts';
import { isoNow, logged } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { resourceRoutes } from './resource.ts';
import { firstPrivateSubnet, makeServer } from './server-factory.ts';
import type { CloudscaleServerWish } from './server-factory.ts';
import { viewServer } from './views.ts';
import type { WireCloudscaleTags } from './wire.ts';
import { SERVER_FLAVORS, withEntry, withoutEntry, ZONES } from './world.ts';
import type { ServerRecord } from './world.ts';

interface InterfaceWish {
  readonly network?: string;
  readonly addresses?: readonly { readonly subnet?: string; readonly address?: string }[];
}

interface Body {
  readonly name?: string;
  readonly flavor?: string;
  readonly image?: string;
  readonly zone?: string;
  readonly interfaces?: readonly InterfaceWish[];
  readonly use_public_network?: boolean;
  readonly use_private_network?: boolean;
  readonly use_ipv6?: boolean;
  readonly tags?: WireCloudscaleTags;
}

/** The routes. */
export function serverRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  const basic = resourceRoutes<ServerRecord>(context, {
    path: '/v1/servers',
    all: (world) => world.servers.values(),
    one: (world, request) => world.servers.get(request.params['uuid'] ?? ''),
    view: viewServer,
    create: (request) => create(context, request.body as Body),
    patch: (record, request) => patch(context, record, request.body as Body),
    remove: (record) => {
      removeServer(context, record.uuid);
      return undefined;
    },
  });
  const action = (name: string, status: (record: ServerRecord) => ServerRecord['status']): CloudscaleRoute => ({
    method: 'POST',
    template: `/v1/servers/{uuid}/${name}`,
    answer: (request: SimRequest) => {
      const record = store.current.servers.get(request.params['uuid'] ?? '');
      if (record === undefined) return notFound;
      changeServer(context, record.uuid, { status: status(record) });
      return done;
    },
  });
  return [
    ...basic,
    action('start', () => 'running'),
    action('stop', () => 'stopped'),
    action('reboot', ({ status }) => status),
  ];
}

/** Changes a server, which takes a while. */
export function changeServer(context: CloudscaleContext, uuid: string, change: Partial<ServerRecord>): void {
  const { store, clock, settings } = context;
  const record = store.current.servers.get(uuid);
  if (record === undefined) throw new Error(`there is no server ${uuid}`);
  const changingUntilMs = clock.monotonicMs() + settings.serverChangeMs;
  store.commit({ servers: withEntry(store.current.servers, uuid, { ...record, changingUntilMs, ...change }) });
}

/** Removes a server; floating IPs that pointed at it stay, pointing nowhere. */
export function removeServer(context: CloudscaleContext, uuid: string): void {
  const { store } = context;
  const floatingIps = new Map(
    [...store.current.floatingIps].map(([key, ip]) => [
      key,
      ip.target?.uuid === uuid ? { ...ip, target: undefined } : ip,
    ]),
  );
  const servers = withoutEntry(store.current.servers, uuid);
  store.commit({ servers, floatingIps, ...logged(context, 'server_delete', `Server ${uuid} has been deleted.`) });
}

function create(context: CloudscaleContext, body: Body): ServerRecord | SimAnswer {
  const { store, clock, settings } = context;
  const refusal = firstOf(
    () => required(body, ['name', 'flavor', 'image']),
    () => notBlank('name', body.name),
    () => validChoice('flavor', body.flavor, [...SERVER_FLAVORS.keys()]),
    () => validChoice('zone', body.zone, ZONES),
    () => interfacesProblem(context, body.interfaces ?? []),
  );
  if (refusal !== undefined) return refusal;
  const zone = body.zone ?? ZONES[0] ?? '';
  const made = { number: store.newNumber(), uuid: store.newUuid(), zone, createdAt: isoNow(clock) };
  const record = {
    ...makeServer(store.current, { ...body, zone, ...networksOf(context, body, zone) }, made),
    changingUntilMs: clock.monotonicMs() + settings.serverChangeMs,
  };
  const servers = withEntry(store.current.servers, record.uuid, record);
  store.commit({ servers, ...logged(context, 'server_create', `Server ${record.name} has been created.`) });
  return record;
}

function networksOf(
  { store }: CloudscaleContext,
  body: Body,
  zone: string,
): Pick<CloudscaleServerWish, 'publicAddresses' | 'privateSubnets'> {
  const open = body.use_ipv6 === false ? 'ipv4' : 'both';
  if (body.interfaces === undefined) {
    return {
      publicAddresses: body.use_public_network === false ? [] : open,
      privateSubnets: body.use_private_network === true ? firstPrivateSubnet(store.current, zone) : [],
    };
  }
  const isPublic = body.interfaces.some(({ network }) => network === 'public');
  const own = body.interfaces.filter(({ network }) => network !== 'public');
  return {
    publicAddresses: isPublic ? open : [],
    privateSubnets: own.flatMap((entry) => wishesOf(store.current, entry)),
  };
}

function wishesOf(
  world: CloudscaleContext['store']['current'],
  { network, addresses }: InterfaceWish,
): readonly { readonly subnet: string; readonly address?: string }[] {
  if (addresses !== undefined) return addresses.flatMap(({ subnet, ...rest }) => (subnet ? [{ subnet, ...rest }] : []));
  const found = [...world.subnets.values()].find(({ networkUuid }) => networkUuid === network);
  return found === undefined ? [] : [{ subnet: found.uuid }];
}

function interfacesProblem({ store }: CloudscaleContext, wishes: readonly InterfaceWish[]): SimAnswer | undefined {
  const { networks, subnets } = store.current;
  return firstOf(
    ...wishes.flatMap(({ network, addresses = [] }) => [
      () => (network === 'public' ? undefined : exists('interfaces', network, networks)),
      ...addresses.map(
        ({ subnet }) =>
          () =>
            exists('interfaces', subnet, subnets),
      ),
    ]),
  );
}

function patch(context: CloudscaleContext, record: ServerRecord, body: Body): SimAnswer | undefined {
  const refusal = firstOf(
    () => notBlank('name', body.name),
    () => validChoice('flavor', body.flavor, [...SERVER_FLAVORS.keys()]),
    () => interfacesProblem(context, body.interfaces ?? []),
    () =>
      body.flavor !== undefined && record.status !== 'stopped'
        ? fieldError('flavor', 'The server must be stopped to change its flavor.')
        : undefined,
  );
  if (refusal !== undefined) return refusal;
  const { name = record.name, flavor = record.flavor, tags = record.tags } = body;
  const made = { number: context.store.newNumber(), uuid: record.uuid, zone: record.zone, createdAt: record.createdAt };
  const interfaces =
    body.interfaces === undefined
      ? record.interfaces
      : makeServer(context.store.current, networksOf(context, body, record.zone), made).interfaces;
  changeServer(context, record.uuid, { name, flavor, tags, interfaces });
  return undefined;
}
