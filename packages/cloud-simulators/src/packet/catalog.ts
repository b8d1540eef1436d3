// What Packet sold and where: metros, facilities, plans, operating systems. Fixed, apart from what a place has left (capacity.ts).

/** A metro. */
export interface Metro {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly country: string;
}

/** A facility. */
export interface Facility {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly metroCode: string;
}

/** A plan: of servers (`baremetal`) or of volumes (`storage`). */
export interface Plan {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly line: 'baremetal' | 'storage';
  readonly isLegacy: boolean;
  readonly specs: Readonly<Record<string, unknown>>;
  readonly pricing: Readonly<Record<string, number>>;
}

/** An operating system. */
export interface OperatingSystem {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly distro: string;
  readonly version: string;
  readonly user: string;
}

// Ids of the catalog are the same in every run, and differ in their first eight digits as real ones do.
function idOf(kind: number, number: number): string {
  const text = (kind * 0x1000 + number).toString(16).padStart(4, '0');
  return `ca7a${text}-5eed-4000-8000-00000000${text}`;
}

/** All metros. */
export const METROS: readonly Metro[] = [
  ['am', 'Amsterdam', 'NL'],
  ['da', 'Dallas', 'US'],
  ['ny', 'New York', 'US'],
  ['sv', 'Silicon Valley', 'US'],
  ['ty', 'Tokyo', 'JP'],
].map(([code = '', name = '', country = ''], index) => ({ id: idOf(1, index + 1), code, name, country }));

const FEATURES = ['baremetal', 'backend_transfer', 'layer_2', 'global_ipv4'];

/** All facilities; the sites with block storage are the five of its last years. */
export const FACILITIES: readonly Facility[] = (
  [
    ['ewr1', 'Parsippany, NJ', 'ny', true],
    ['ams1', 'Amsterdam, NL', 'am', true],
    ['dfw2', 'Dallas, TX', 'da', true],
    ['nrt1', 'Tokyo, JP', 'ty', true],
    ['sjc1', 'Sunnyvale, CA', 'sv', true],
    ['ny5', 'New York 5', 'ny', false],
    ['am6', 'Amsterdam 6', 'am', false],
    ['da11', 'Dallas 11', 'da', false],
    ['sv15', 'Silicon Valley 15', 'sv', false],
  ] as const
).map(([code, name, metroCode, hasStorage], index) => ({
  id: idOf(2, index + 1),
  code,
  name,
  metroCode,
  features: hasStorage ? [...FEATURES, 'storage'] : FEATURES,
}));

function server(number: number, slug: string, shape: Pick<Plan, 'isLegacy' | 'specs' | 'pricing'>): Plan {
  return { id: idOf(3, number), slug, name: slug, line: 'baremetal', ...shape };
}

function specs(cores: number, memory: string, drive: { readonly size: string; readonly type: string }): Plan['specs'] {
  return {
    cpus: [{ count: 1, type: `${cores}-core x86_64` }],
    memory: { total: memory },
    drives: [{ count: 2, ...drive }],
    nics: [{ count: 2, type: '10Gbps' }],
    features: { raid: true, txt: true },
  };
}

/** Plan ids of block storage as recorded. */
export const STORAGE_PLAN_IDS = {
  standard: '87728148-3155-4992-a730-8d1e6aca8a32',
  performance: 'd6570cfb-38fa-4467-92b3-e45d059bb249',
} as const;

/** All plans. */
export const PLANS: readonly Plan[] = [
  server(1, 'baremetal_0', {
    isLegacy: true,
    specs: specs(4, '8GB', { size: '80GB', type: 'SSD' }),
    pricing: { hour: 0.07 },
  }),
  server(2, 'baremetal_1', {
    isLegacy: true,
    specs: specs(4, '32GB', { size: '120GB', type: 'SSD' }),
    pricing: { hour: 0.4 },
  }),
  server(3, 't1.small.x86', {
    isLegacy: true,
    specs: specs(4, '8GB', { size: '80GB', type: 'SSD' }),
    pricing: { hour: 0.07 },
  }),
  server(4, 'c1.small.x86', {
    isLegacy: true,
    specs: specs(4, '32GB', { size: '120GB', type: 'SSD' }),
    pricing: { hour: 0.4 },
  }),
  server(5, 'c3.small.x86', {
    isLegacy: false,
    specs: specs(8, '32GB', { size: '480GB', type: 'SSD' }),
    pricing: { hour: 0.5 },
  }),
  server(6, 'c3.medium.x86', {
    isLegacy: false,
    specs: specs(24, '64GB', { size: '480GB', type: 'SSD' }),
    pricing: { hour: 1 },
  }),
  server(7, 'm3.large.x86', {
    isLegacy: false,
    specs: specs(32, '256GB', { size: '3.8TB', type: 'NVME' }),
    pricing: { hour: 2 },
  }),
  {
    id: STORAGE_PLAN_IDS.standard,
    slug: 'storage_1',
    name: 'Standard',
    line: 'storage',
    isLegacy: false,
    specs: {},
    pricing: { hour: 0.000104 },
  },
  {
    id: STORAGE_PLAN_IDS.performance,
    slug: 'storage_2',
    name: 'Performance',
    line: 'storage',
    isLegacy: false,
    specs: {},
    pricing: { hour: 0.000223 },
  },
];

/** All operating systems; each runs on every plan of servers. */
export const OPERATING_SYSTEMS: readonly OperatingSystem[] = (
  [
    ['ubuntu_16_04', 'Ubuntu 16.04 LTS', 'ubuntu', '16.04'],
    ['ubuntu_18_04', 'Ubuntu 18.04 LTS', 'ubuntu', '18.04'],
    ['ubuntu_20_04', 'Ubuntu 20.04 LTS', 'ubuntu', '20.04'],
    ['ubuntu_22_04', 'Ubuntu 22.04 LTS', 'ubuntu', '22.04'],
    ['ubuntu_24_04', 'Ubuntu 24.04 LTS', 'ubuntu', '24.04'],
    ['centos_7', 'CentOS 7', 'centos', '7'],
    ['debian_12', 'Debian 12', 'debian', '12'],
    ['flatcar_stable', 'Flatcar Stable', 'flatcar', 'stable'],
    ['custom_ipxe', 'Custom iPXE', 'custom_ipxe', '1'],
  ] as const
).map(([slug, name, distro, version], index) => ({
  id: idOf(4, index + 1),
  slug,
  name,
  distro,
  version,
  user: distro === 'flatcar' ? 'core' : 'root',
}));

/** The metro with a code or id. */
export function findMetro(name: string): Metro | undefined {
  return METROS.find(({ code, id }) => code === name || id === name);
}

/** The facility with a code or id. */
export function findFacility(name: string): Facility | undefined {
  return FACILITIES.find(({ code, id }) => code === name || id === name);
}

/** The plan with a slug or id. `storage_0` is the older slug of `storage_1`. */
export function findPlan(name: string): Plan | undefined {
  const wanted = name === 'storage_0' ? 'storage_1' : name;
  return PLANS.find(({ slug, id }) => slug === wanted || id === wanted);
}

/** The operating system with a slug or id. */
export function findOperatingSystem(name: string): OperatingSystem | undefined {
  return OPERATING_SYSTEMS.find(({ slug, id }) => slug === name || id === name);
}

/** The metro of a facility. */
export function metroOf({ metroCode }: Facility): Metro {
  const metro = findMetro(metroCode);
  if (metro === undefined) throw new Error(`the catalog has no metro "${metroCode}"`);
  return metro;
}
