// The account before anybody has done anything: all regions, a default VPC in each, a default project.
import type { WireProject, WireRegion, WireVpc } from './wire.ts';
import type { World } from './world.ts';

const REGION_NAMES: Readonly<Record<string, string>> = {
  ams2: 'Amsterdam 2',
  ams3: 'Amsterdam 3',
  atl1: 'Atlanta 1',
  blr1: 'Bangalore 1',
  fra1: 'Frankfurt 1',
  lon1: 'London 1',
  nyc1: 'New York 1',
  nyc2: 'New York 2',
  nyc3: 'New York 3',
  sfo2: 'San Francisco 2',
  sfo3: 'San Francisco 3',
  sgp1: 'Singapore 1',
  syd1: 'Sydney 1',
  tor1: 'Toronto 1',
};

const SIZES = ['s-1vcpu-1gb', 's-2vcpu-4gb', 's-4vcpu-8gb', 'gpu-h100x1-80gb'];

/** The first world; `createdAt` is an ISO date. */
export function firstWorld(createdAt: string): World {
  const regions = Object.entries(REGION_NAMES).map(([slug, name]) => aRegion(slug, name));
  const vpcs = regions.map(({ slug }, index) => defaultVpc(slug, index, createdAt));
  const project = defaultProject(createdAt);
  return {
    regions: new Map(regions.map((region) => [region.slug, region])),
    vpcs: new Map(vpcs.map((vpc) => [vpc.id, vpc])),
    droplets: new Map(),
    loadBalancers: new Map(),
    certificates: new Map(),
    firewalls: new Map(),
    tags: new Set(),
    projects: new Map([[project.id, project]]),
  };
}

/** The VPC that is used in a region where none is named. */
export function defaultVpcOf(world: World, region: string): WireVpc | undefined {
  return [...world.vpcs.values()].find((vpc) => vpc.region === region && vpc.default);
}

/** The project that takes what names none. */
export function defaultProjectOf(world: World): WireProject | undefined {
  return [...world.projects.values()].find((project) => project.is_default);
}

function aRegion(slug: string, name: string): WireRegion {
  return { name, slug, features: ['backups', 'ipv6', 'metadata'], available: slug !== 'ams2', sizes: SIZES };
}

function defaultVpc(region: string, index: number, createdAt: string): WireVpc {
  const id = `5eed0000-0000-4000-9000-${(index + 1).toString(16).padStart(12, '0')}`;
  return {
    id,
    urn: `do:vpc:${id}`,
    name: `default-${region}`,
    description: '',
    region,
    // 10.100 to 10.113 for regions; droplets count up inside their own.
    ip_range: `10.${100 + index}.0.0/16`,
    default: true,
    created_at: createdAt,
  };
}

function defaultProject(createdAt: string): WireProject {
  return {
    id: '5eed0000-0000-4000-a000-000000000001',
    owner_uuid: '5eed0000-0000-4000-b000-000000000001',
    owner_id: 258992,
    name: 'first-project',
    description: 'Update your project information under Settings',
    purpose: 'Just trying out DigitalOcean',
    environment: 'Development',
    is_default: true,
    created_at: createdAt,
    updated_at: createdAt,
  };
}
