// Makes droplets. Addresses are taken from ranges that nobody owns, so that a mistake reaches no real machine.
import { defaultVpcOf } from './first-world.ts';
import type { WireDroplet, WireRegion, WireVpc } from './wire.ts';
import type { World } from './world.ts';

/** What can be said about a new droplet; the rest is filled in. */
export interface DropletWish {
  /** Default: a new number. */
  readonly id?: number;
  readonly name?: string;
  readonly region?: string;
  readonly sizeSlug?: string;
  readonly status?: WireDroplet['status'];
  readonly tags?: readonly string[];
  readonly vpcId?: string;
  /** `null`: none. Default: one that nobody else has. */
  readonly privateIpv4?: string | null;
  readonly publicIpv4?: string | null;
  /** Default: none. */
  readonly publicIpv6?: string | null;
  /** With GPUs: only listed when asked for. */
  readonly hasGpu?: boolean;
  /** What the API says for a droplet that has no network yet. */
  readonly hasNullNetworks?: boolean;
}

const SIZES: Readonly<Record<string, { readonly memory: number; readonly vcpus: number; readonly disk: number }>> = {
  's-1vcpu-1gb': { memory: 1024, vcpus: 1, disk: 25 },
  's-4vcpu-8gb': { memory: 8192, vcpus: 4, disk: 160 },
};
const USUAL_SIZE = { memory: 4096, vcpus: 2, disk: 80 };

/** A droplet. `number` gives it id, name and addresses where the wish names none. */
export function makeDroplet(
  world: World,
  wish: DropletWish,
  made: { readonly number: number; readonly region: string; readonly createdAt: string },
): WireDroplet {
  const { region, vpc } = placeOf(world, wish, made.region);
  const sizeSlug = wish.sizeSlug ?? (wish.hasGpu === true ? 'gpu-h100x1-80gb' : 's-2vcpu-4gb');
  const size = SIZES[sizeSlug] ?? USUAL_SIZE;
  const { id = made.number, name = `pool-a-${made.number}`, status = 'active', tags = [] } = wish;
  return {
    id,
    name,
    ...size,
    locked: false,
    status,
    kernel: null,
    created_at: made.createdAt,
    features: ['private_networking'],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: imageOf(made.createdAt),
    volume_ids: [],
    size: sizeOf(sizeSlug, size, region),
    size_slug: sizeSlug,
    networks: wish.hasNullNetworks === true ? null : networksOf(wish, made.number, vpc.ip_range),
    region,
    tags,
    vpc_uuid: vpc.id,
    ...(wish.hasGpu === true ? { gpu_info: GPU } : {}),
  };
}

const GPU = { count: 1, model: 'nvidia_h100', vram: { amount: 80, unit: 'gib' } };

function placeOf(
  world: World,
  wish: DropletWish,
  usualRegion: string,
): { readonly region: WireRegion; readonly vpc: WireVpc } {
  const slug = wish.region ?? usualRegion;
  const region = world.regions.get(slug);
  if (region === undefined) throw new Error(`addDroplet: unknown region "${slug}"`);
  const vpc = wish.vpcId === undefined ? defaultVpcOf(world, slug) : world.vpcs.get(wish.vpcId);
  if (vpc === undefined) throw new Error(`addDroplet: unknown VPC "${wish.vpcId ?? ''}"`);
  return { region, vpc };
}

function networksOf(wish: DropletWish, number: number, vpcRange: string): WireDroplet['networks'] {
  const low = `${(number >> 8) & 255}.${number & 255}`;
  const [first, second] = vpcRange.split('.');
  const privateIp = wish.privateIpv4 === undefined ? `${first}.${second}.${low}` : wish.privateIpv4;
  // 198.18.0.0/15 is set aside for measurements (RFC 2544); its upper half is for droplets.
  const publicIp = wish.publicIpv4 === undefined ? `198.19.${low}` : wish.publicIpv4;
  const netmask = '255.255.240.0';
  return {
    v4: [
      ...(privateIp === null ? [] : [{ ip_address: privateIp, netmask, gateway: null, type: 'private' as const }]),
      ...(publicIp === null ? [] : [{ ip_address: publicIp, netmask, gateway: '198.19.0.1', type: 'public' as const }]),
    ],
    v6:
      wish.publicIpv6 === undefined || wish.publicIpv6 === null
        ? []
        : [{ ip_address: wish.publicIpv6, netmask: 64, gateway: '2001:db8::1', type: 'public' as const }],
  };
}

function sizeOf(slug: string, size: object, region: WireRegion): Readonly<Record<string, unknown>> {
  const price = { transfer: 4, price_monthly: 24, price_hourly: 0.03571 };
  return { slug, ...size, ...price, regions: [region.slug], available: true, description: 'Basic' };
}

function imageOf(createdAt: string): Readonly<Record<string, unknown>> {
  return {
    id: 7555620,
    name: '24.04 (LTS) x64',
    type: 'base',
    distribution: 'Ubuntu',
    slug: 'ubuntu-24-04-x64',
    public: true,
    regions: [],
    created_at: createdAt,
    min_disk_size: 7,
    size_gigabytes: 2.36,
    description: '',
    tags: [],
    status: 'available',
    error_message: '',
  };
}
