// How the API shows BGP: configurations of projects, sessions of devices, and whom they talk to. Pure.
import { refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import type { WirePacketBgpConfig, WirePacketBgpNeighbor, WirePacketBgpSession } from './wire.ts';
import type { BgpConfigRecord, BgpSessionRecord, DeviceRecord, World } from './world.ts';

const PEER_ASN = 65_530;
const PEERS = {
  4: ['169.254.255.1', '169.254.255.2'],
  6: ['fc00::e', 'fc00::f'],
} as const;

/** The configuration of a project that has had one. */
export function viewBgpConfig(
  context: PacketContext,
  world: World,
  { projectId, config }: { readonly projectId: string; readonly config: BgpConfigRecord },
): WirePacketBgpConfig {
  const { id, status, deploymentType, asn, md5, maxPrefix, createdAt } = config;
  const isMine = ({ deviceId }: BgpSessionRecord): boolean => world.devices.get(deviceId)?.projectId === projectId;
  return {
    id,
    status,
    deployment_type: deploymentType,
    asn,
    md5,
    max_prefix: maxPrefix,
    route_object: '',
    ranges: [],
    sessions: [...world.bgpSessions.values()].filter(isMine).map((one) => viewBgpSession(context, one)),
    project: refTo(context, `/projects/${projectId}`),
    created_at: createdAt,
    requested_at: createdAt,
    ...refTo(context, `/bgp-configs/${id}`),
  };
}

/** A session as it is now. */
export function viewBgpSession(context: PacketContext, record: BgpSessionRecord): WirePacketBgpSession {
  const { id, family, defaultRoute, created, learnedRoutes, deviceId } = record;
  return {
    id,
    status: statusOf(record, context.clock.monotonicMs()),
    address_family: family,
    default_route: defaultRoute,
    learned_routes: record.isDropped ? [] : learnedRoutes,
    device: refTo(context, `/devices/${deviceId}`),
    created_at: created.date,
    updated_at: created.date,
    ...refTo(context, `/bgp/sessions/${id}`),
  };
}

function statusOf({ forcedStatus, isDropped, upAtMs }: BgpSessionRecord, nowMs: number): string {
  if (isDropped) return 'down';
  return forcedStatus ?? (nowMs >= upAtMs ? 'up' : 'unknown');
}

/** Whom a device talks to: one entry per session. It must do so from its private IPv4 address. */
export function bgpNeighbors(
  context: PacketContext,
  world: World,
  device: DeviceRecord,
): readonly WirePacketBgpNeighbor[] {
  const config = world.bgpConfigs.get(device.projectId);
  if (config === undefined) return [];
  return [...world.bgpSessions.values()]
    .filter(({ deviceId }) => deviceId === device.id)
    .map((session) => viewNeighbor(context, { config, session, device }));
}

function viewNeighbor(
  { settings }: PacketContext,
  parts: { readonly config: BgpConfigRecord; readonly session: BgpSessionRecord; readonly device: DeviceRecord },
): WirePacketBgpNeighbor {
  const { config, session, device } = parts;
  const family = session.family === 'ipv4' ? 4 : 6;
  const own = device.addresses.find(
    (one) => one.isManagement && one.family === family && one.isPublic === (family === 6),
  );
  const isMulti = settings.bgpHops === 'multi';
  return {
    address_family: family,
    customer_as: config.asn,
    customer_ip: own?.address ?? '',
    md5_enabled: config.md5 !== null,
    md5_password: config.md5,
    multihop: isMulti,
    peer_as: PEER_ASN,
    peer_ips: isMulti ? PEERS[family] : own === undefined ? [] : [own.gateway],
    routes_in: session.learnedRoutes.map((route) => ({ route, exact: false })),
    routes_out: session.defaultRoute ? [{ route: family === 4 ? '0.0.0.0/0' : '::/0', exact: false }] : [],
  };
}
