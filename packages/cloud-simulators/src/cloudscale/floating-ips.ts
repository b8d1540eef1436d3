// Routes of floating IPs. Their key in paths is the bare address.
import type { SimAnswer } from '../exchange.ts';
import { addressAt, canonical } from './addresses.ts';
import { fieldError } from './answers.ts';
import { exists, expectOneOf, firstOf, required, validChoice } from './checks.ts';
import { isoNow } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { resourceRoutes } from './resource.ts';
import { viewFloatingIp } from './views.ts';
import type { WireCloudscaleTags } from './wire.ts';
import { withEntry, withoutEntry, ZONES_OF_REGIONS } from './world.ts';
import type { FloatingIpRecord } from './world.ts';

interface Body {
  readonly ip_version?: number;
  readonly prefix_length?: number;
  readonly server?: string;
  readonly load_balancer?: string;
  readonly region?: string;
  readonly type?: string;
  readonly reverse_ptr?: string;
  readonly tags?: WireCloudscaleTags;
}

/** What can be said about a new floating IP. */
export interface FloatingIpWish {
  /** Default: a new IPv4 address. */
  readonly address?: string;
  readonly prefixLength?: number;
  /** Default: the first region. */
  readonly region?: string;
  readonly type?: 'regional' | 'global';
  readonly tags?: WireCloudscaleTags;
}

/** The routes. */
export function floatingIpRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  return resourceRoutes<FloatingIpRecord>(context, {
    path: '/v1/floating-ips',
    key: 'ip',
    all: (world) => world.floatingIps.values(),
    one: (world, request) => world.floatingIps.get(canonical(request.params['ip'] ?? '')),
    view: viewFloatingIp,
    create: (request) => create(context, request.body as Body),
    patch: (record, request) => {
      const body = request.body as Body;
      const refusal = targetProblem(context, body, record);
      if (refusal !== undefined) return refusal;
      const changed: FloatingIpRecord = {
        ...record,
        target: targetOf(body) ?? record.target,
        reversePtr: body.reverse_ptr ?? record.reversePtr,
        tags: body.tags ?? record.tags,
      };
      store.commit({ floatingIps: withEntry(store.current.floatingIps, record.address, changed) });
      return undefined;
    },
    remove: (record) => {
      store.commit({ floatingIps: withoutEntry(store.current.floatingIps, record.address) });
      return undefined;
    },
  });
}

function create(context: CloudscaleContext, body: Body): FloatingIpRecord | SimAnswer {
  const wish = wishOf(context, body);
  const refusal = firstOf(
    () => required(body, ['ip_version']),
    () => expectOneOf('ip_version', body.ip_version === undefined ? undefined : String(body.ip_version), ['4', '6']),
    () => expectOneOf('type', body.type, ['regional', 'global']),
    () => validChoice('region', body.region, Object.keys(ZONES_OF_REGIONS)),
    () => prefixProblem(body),
    () => targetProblem(context, body, { type: wish.type ?? 'regional', region: wish.region ?? null }),
  );
  if (refusal !== undefined) return refusal;
  const record = { ...addFloatingIp(context, wish), target: targetOf(body), reversePtr: body.reverse_ptr ?? null };
  context.store.commit({ floatingIps: withEntry(context.store.current.floatingIps, record.address, record) });
  return record;
}

function prefixProblem({ prefix_length: length, ip_version: version }: Body): SimAnswer | undefined {
  const isFine = length === undefined || (version === 6 && length === 56);
  return isFine ? undefined : fieldError('prefix_length', 'Only a prefix length of 56 for IPv6 is possible.');
}

function wishOf(context: CloudscaleContext, body: Body): FloatingIpWish {
  const isV6 = body.ip_version === 6;
  return {
    address: newAddress(context, isV6),
    prefixLength: body.prefix_length ?? (isV6 ? 128 : 32),
    type: body.type === 'global' ? 'global' : 'regional',
    ...(body.region === undefined ? {} : { region: body.region }),
    tags: body.tags ?? {},
  };
}

/** Adds a floating IP that points nowhere. */
export function addFloatingIp(context: CloudscaleContext, wish: FloatingIpWish): FloatingIpRecord {
  const { store, clock } = context;
  const address = canonical(wish.address ?? newAddress(context, false));
  const { type = 'regional' } = wish;
  const record: FloatingIpRecord = {
    address,
    prefixLength: wish.prefixLength ?? (address.includes(':') ? 128 : 32),
    type,
    region: type === 'global' ? null : (wish.region ?? Object.keys(ZONES_OF_REGIONS)[0] ?? null),
    target: undefined,
    reversePtr: null,
    tags: wish.tags ?? {},
    createdAt: isoNow(clock),
  };
  store.commit({ floatingIps: withEntry(store.current.floatingIps, address, record) });
  return record;
}

function newAddress({ store }: CloudscaleContext, isV6: boolean): string {
  const number = store.newNumber();
  return isV6 ? addressAt('2001:db8:f000::/36', number * 65_536) : addressAt('203.0.113.0/24', 1 + (number % 250));
}

function targetOf(body: Body): FloatingIpRecord['target'] {
  if (body.server !== undefined) return { kind: 'server', uuid: body.server };
  if (body.load_balancer !== undefined) return { kind: 'load_balancer', uuid: body.load_balancer };
  return undefined;
}

function targetProblem(
  { store }: CloudscaleContext,
  body: Body,
  ip: Pick<FloatingIpRecord, 'type' | 'region'>,
): SimAnswer | undefined {
  const { servers, loadBalancers } = store.current;
  const zone = servers.get(body.server ?? '')?.zone ?? loadBalancers.get(body.load_balancer ?? '')?.zone;
  const field = body.server === undefined ? 'load_balancer' : 'server';
  return firstOf(
    () => exists('server', body.server, servers),
    () => exists('load_balancer', body.load_balancer, loadBalancers),
    () =>
      zone === undefined || isReachable(ip, zone)
        ? undefined
        : fieldError(field, `The target is not in the region ${ip.region} of the floating IP.`),
  );
}

function isReachable({ type, region }: Pick<FloatingIpRecord, 'type' | 'region'>, zone: string): boolean {
  return type === 'global' || region === null || (ZONES_OF_REGIONS[region]?.includes(zone) ?? false);
}
