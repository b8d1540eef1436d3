// What the API refuses about a load balancer, as pure checks: spec in, reason out. Rules marked (assumed) are not documented by the
// cloud; the wording of the messages is ours where the cloud's is not known. The types were checked before (request-schemas.ts).
import type { World } from './world.ts';
import type { LoadBalancerRecord } from './world.ts';

/** A forwarding rule as it is sent. */
export interface RuleBody {
  readonly entry_protocol?: string;
  readonly entry_port?: number;
  readonly target_protocol?: string;
  readonly target_port?: number;
  readonly certificate_id?: string;
  readonly tls_passthrough?: boolean;
}

/** The body of a POST or PUT as it is sent, types checked. */
export interface LoadBalancerBody {
  readonly name?: string;
  readonly region?: string;
  readonly type?: string;
  readonly network?: string;
  readonly network_stack?: string;
  readonly vpc_uuid?: string;
  readonly subnet_uuid?: string;
  readonly ip?: string;
  readonly project_id?: string;
  readonly size?: string;
  readonly size_unit?: number;
  readonly algorithm?: string;
  readonly forwarding_rules?: readonly RuleBody[];
  readonly health_check?: {
    readonly protocol?: string;
    readonly port?: number;
    readonly path?: string;
    readonly check_interval_seconds?: number;
    readonly response_timeout_seconds?: number;
    readonly healthy_threshold?: number;
    readonly unhealthy_threshold?: number;
    readonly proxy_protocol?: boolean;
  };
  readonly sticky_sessions?: {
    readonly type?: string;
    readonly cookie_name?: string;
    readonly cookie_ttl_seconds?: number;
  };
  readonly droplet_ids?: readonly number[] | null;
  readonly tag?: string;
  readonly tags?: readonly string[];
  readonly redirect_http_to_https?: boolean;
  readonly enable_proxy_protocol?: boolean;
  readonly enable_backend_keepalive?: boolean;
  readonly disable_lets_encrypt_dns_records?: boolean;
  readonly http_idle_timeout_seconds?: number;
  readonly tls_cipher_policy?: string;
  readonly firewall?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly domains?: readonly {
    readonly name: string;
    readonly is_managed?: boolean;
    readonly certificate_id?: string;
  }[];
  readonly glb_settings?: {
    readonly target_protocol?: string;
    readonly target_port?: number;
    readonly cdn?: { readonly is_enabled?: boolean };
    readonly region_priorities?: Readonly<Record<string, number>>;
    readonly failover_threshold?: number;
  };
  readonly target_load_balancer_ids?: readonly string[];
  readonly validate_only?: boolean;
}

/** What a check may look at besides the body. */
export interface CheckFacts {
  readonly world: World;
  readonly nowMs: number;
  /** The load balancer that a PUT is about. */
  readonly existing: LoadBalancerRecord | undefined;
  readonly resizeCooldownMs: number;
  readonly loadBalancerLimit: number;
  readonly emptyTargets: 'accept' | 'refuse';
}

type Check = (body: LoadBalancerBody, facts: CheckFacts) => string | undefined;

/** The first reason to refuse the body with 422; `undefined` when it is fine. */
export function loadBalancerProblem(body: LoadBalancerBody, facts: CheckFacts): string | undefined {
  return first(CHECKS, (check) => check(body, facts));
}

/** The first reason to refuse rules, on their own or as part of a load balancer. */
export function rulesProblem(rules: readonly RuleBody[], type: string, world: World): string | undefined {
  return first(rules, (rule) => ruleProblem(rule, type, world)) ?? portsProblem(rules);
}

/** The first reason to refuse droplets as targets. */
export function dropletsProblem(
  ids: readonly number[],
  place: { readonly region: string | undefined; readonly vpc: string | undefined },
  world: World,
): string | undefined {
  return first(ids, (id) => {
    const droplet = world.droplets.get(id);
    if (droplet === undefined) return `droplet ${id} not found`;
    if (place.region !== undefined && droplet.region.slug !== place.region) {
      return `droplet ${id} is not in region ${place.region}`;
    }
    return place.vpc !== undefined && droplet.vpc_uuid !== place.vpc
      ? `droplet ${id} is not in VPC ${place.vpc}`
      : undefined;
  });
}

const PROTOCOLS = {
  entry: ['http', 'https', 'http2', 'http3', 'tcp', 'udp'],
  target: ['http', 'https', 'http2', 'tcp', 'udp'],
};
const TLS_PROTOCOLS = ['https', 'http2', 'http3'];
const RESERVED_PORTS = [50053, 50054, 50055];
const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9.])?$/;
const ADDRESS = /^(?:ip:[0-9a-fA-F.:]+|cidr:[0-9a-fA-F.:]+\/\d{1,3})$/;
const SIZE_UNITS: Readonly<Record<string, number>> = { 'lb-small': 1, 'lb-medium': 3, 'lb-large': 6 };

/** Nodes that a size stands for. */
export function sizeUnitOf(body: LoadBalancerBody): number {
  return body.size_unit ?? SIZE_UNITS[body.size ?? ''] ?? 1;
}

const CHECKS: readonly Check[] = [
  ({ name }) => (name === undefined || name === '' ? 'name is required' : undefined),
  ({ name }) => (name !== undefined && (name.length > 255 || !NAME.test(name)) ? 'name is invalid' : undefined),
  checkEnums,
  checkRegion,
  checkType,
  checkGlobal,
  ({ forwarding_rules: rules = [], type }, { world }) => rulesProblem(rules, type ?? 'REGIONAL', world),
  checkHealth,
  checkSticky,
  (body) => outside(body.http_idle_timeout_seconds, 30, 600, 'http_idle_timeout_seconds'),
  (body) => outside(body.size_unit, 1, 200, 'size_unit'),
  (body) =>
    body.size !== undefined && body.size_unit !== undefined ? 'only one of size and size_unit can be given' : undefined,
  checkTargets,
  checkPlace,
  checkNetwork,
  checkImmutable,
  ({ firewall }) => {
    const wrong = [...(firewall?.allow ?? []), ...(firewall?.deny ?? [])].find((entry) => !ADDRESS.test(entry));
    return wrong === undefined ? undefined : `firewall rule "${wrong}" is invalid: it must start with ip: or cidr:`;
  },
  checkResize,
  (_body, { existing, world, loadBalancerLimit }) =>
    existing === undefined && world.loadBalancers.size >= loadBalancerLimit ? 'load balancer limit reached' : undefined,
];

function checkEnums(body: LoadBalancerBody): string | undefined {
  return (
    notOneOf(body.type, ['REGIONAL', 'REGIONAL_NETWORK', 'GLOBAL'], 'type') ??
    notOneOf(body.network, ['EXTERNAL', 'INTERNAL'], 'network') ??
    notOneOf(body.network_stack, ['IPV4', 'DUALSTACK'], 'network_stack') ??
    notOneOf(body.size, Object.keys(SIZE_UNITS), 'size') ??
    notOneOf(body.algorithm, ['round_robin', 'least_connections'], 'algorithm') ??
    notOneOf(body.tls_cipher_policy, ['DEFAULT', 'STRONG'], 'tls_cipher_policy') ??
    notOneOf(body.sticky_sessions?.type, ['none', 'cookies'], 'sticky_sessions.type') ??
    notOneOf(body.health_check?.protocol, ['http', 'https', 'tcp'], 'health_check.protocol')
  );
}

function checkRegion({ region, type }: LoadBalancerBody, { world }: CheckFacts): string | undefined {
  if (type === 'GLOBAL') return region === undefined ? undefined : 'region must be empty for a global load balancer';
  if (region === undefined || region === '') return 'region is required';
  return world.regions.has(region) ? undefined : `region "${region}" is invalid`;
}

function checkType({ type, forwarding_rules: rules = [], glb_settings: global }: LoadBalancerBody): string | undefined {
  if (type === 'GLOBAL') {
    if (rules.length > 0) return 'forwarding_rules cannot be used with a global load balancer';
    return global === undefined ? 'glb_settings is required for a global load balancer' : undefined;
  }
  if (global !== undefined) return 'glb_settings is for global load balancers only';
  return rules.length === 0 ? 'at least one forwarding rule is required' : undefined;
}

// (assumed) The ranges are those of other clients of the API; which regional balancers can be targets is a guess.
function checkGlobal(body: LoadBalancerBody, { world }: CheckFacts): string | undefined {
  const { domains = [], target_load_balancer_ids: targets = [], type } = body;
  if (type !== 'GLOBAL') {
    return domains.length + targets.length > 0 ? 'domains and targets are for global load balancers only' : undefined;
  }
  return (
    globalSettingsProblem(body.glb_settings ?? {}, world) ??
    first(domains, (domain) => certificateProblem(domain, world)) ??
    first(targets, (id) => globalTargetProblem(id, world))
  );
}

function globalSettingsProblem(
  global: NonNullable<LoadBalancerBody['glb_settings']>,
  world: World,
): string | undefined {
  const slugs = Object.keys(global.region_priorities ?? {});
  return (
    notOneOf(global.target_protocol, ['http', 'https', 'http2'], 'glb_settings.target_protocol') ??
    notOneOf(text(global.target_port), ['80', '443'], 'glb_settings.target_port') ??
    outside(global.failover_threshold, 1, 99, 'glb_settings.failover_threshold') ??
    first(slugs, (slug) => (world.regions.has(slug) ? undefined : `region "${slug}" is invalid`))
  );
}

function globalTargetProblem(id: string, world: World): string | undefined {
  const target = world.loadBalancers.get(id);
  if (target === undefined) return `load balancer ${id} not found`;
  return target.fields.type === 'GLOBAL' ? `load balancer ${id} is a global one and cannot be a target` : undefined;
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function ruleProblem(rule: RuleBody, type: string, world: World): string | undefined {
  return (
    notOneOf(rule.entry_protocol ?? '', PROTOCOLS.entry, 'entry_protocol') ??
    notOneOf(rule.target_protocol ?? '', PROTOCOLS.target, 'target_protocol') ??
    rulePortProblem(rule) ??
    ruleTransportProblem(rule, type) ??
    tlsProblem(rule) ??
    certificateProblem(rule, world)
  );
}

function rulePortProblem({ entry_port: entry, target_port: target }: RuleBody): string | undefined {
  if (!isPort(entry) || RESERVED_PORTS.includes(entry ?? 0)) return 'entry port is invalid';
  return isPort(target) ? undefined : 'target port is invalid';
}

function ruleTransportProblem(
  { entry_protocol: entry, target_protocol: target }: RuleBody,
  type: string,
): string | undefined {
  if ((entry === 'udp') !== (target === 'udp')) return 'udp can only be forwarded to udp';
  // (assumed) A network load balancer forwards packets.
  return type === 'REGIONAL_NETWORK' && entry !== 'tcp' && entry !== 'udp'
    ? `entry_protocol "${entry}" cannot be used with a network load balancer`
    : undefined;
}

function tlsProblem({
  entry_protocol: entry = '',
  certificate_id: id = '',
  tls_passthrough: passes,
}: RuleBody): string | undefined {
  if (id !== '' && passes === true) return 'certificate_id and tls_passthrough cannot be used together';
  if (entry === 'http3' && passes === true) return 'tls_passthrough cannot be used with http3';
  const hasTls = id !== '' || passes === true;
  return TLS_PROTOCOLS.includes(entry) && !hasTls ? `${entry} needs a certificate_id or tls_passthrough` : undefined;
}

function certificateProblem({ certificate_id: id = '' }: RuleBody, world: World): string | undefined {
  return id === '' || world.certificates.has(id) ? undefined : `certificate with ID ${id} not found`;
}

function portsProblem(rules: readonly RuleBody[]): string | undefined {
  const http3 = rules.filter(({ entry_protocol: protocol }) => protocol === 'http3');
  if (http3.length > 1) return 'only one http3 rule is possible';
  if (
    http3.length === 1 &&
    !rules.some(({ entry_protocol: protocol }) => protocol === 'https' || protocol === 'http2')
  ) {
    return 'http3 needs an https or http2 rule';
  }
  // (assumed) One port is one listener per transport: udp and http3 use UDP, all others TCP.
  const seen = new Set<string>();
  return first(rules, ({ entry_protocol: protocol, entry_port: port }) => {
    const listener = `${protocol === 'udp' || protocol === 'http3' ? 'udp' : 'tcp'}/${port}`;
    if (seen.has(listener)) return `entry port ${port} is used more than once`;
    seen.add(listener);
    return undefined;
  });
}

function checkHealth({ health_check: check = {} }: LoadBalancerBody): string | undefined {
  return (
    outside(check.port, 1, 65535, 'health_check.port') ??
    outside(check.check_interval_seconds, 3, 300, 'health_check.check_interval_seconds') ??
    outside(check.response_timeout_seconds, 3, 300, 'health_check.response_timeout_seconds') ??
    outside(check.healthy_threshold, 2, 10, 'health_check.healthy_threshold') ??
    outside(check.unhealthy_threshold, 2, 10, 'health_check.unhealthy_threshold')
  );
}

function checkSticky({ sticky_sessions: sticky = {} }: LoadBalancerBody): string | undefined {
  const { type, cookie_name: name = '', cookie_ttl_seconds: ttl = 0 } = sticky;
  if (type === 'cookies')
    return outside(name.length, 2, 40, 'length of cookie_name') ?? outside(ttl, 1, 2 ** 31, 'cookie_ttl_seconds');
  return name !== '' || ttl !== 0 ? 'cookie_name and cookie_ttl_seconds need the type cookies' : undefined;
}

function checkTargets(body: LoadBalancerBody, facts: CheckFacts): string | undefined {
  const ids = body.droplet_ids ?? [];
  const hasTag = body.tag !== undefined && body.tag !== '';
  if (hasTag && ids.length > 0) return 'only one of tag and droplet_ids can be given';
  const needsSome = facts.emptyTargets === 'refuse' && body.type !== 'GLOBAL' && body.validate_only !== true;
  if (needsSome && !hasTag && ids.length === 0) return 'need to provide either a tag or a list of droplets';
  return dropletsProblem(ids, { region: body.region, vpc: body.vpc_uuid }, facts.world);
}

function checkPlace(
  { vpc_uuid: vpcId, project_id: projectId, region }: LoadBalancerBody,
  { world }: CheckFacts,
): string | undefined {
  const vpc = vpcId === undefined ? undefined : world.vpcs.get(vpcId);
  if (vpcId !== undefined && vpcId !== '' && vpc === undefined) return `VPC ${vpcId} not found`;
  if (vpc !== undefined && vpc.region !== region) return `VPC ${vpc.id} is not in region ${region}`;
  return projectId === undefined || world.projects.has(projectId) ? undefined : `project ${projectId} not found`;
}

function checkNetwork(
  { network, network_stack: stack, ip }: LoadBalancerBody,
  { world }: CheckFacts,
): string | undefined {
  // (assumed) There are no private IPv6 networks.
  if (network === 'INTERNAL' && stack === 'DUALSTACK') return 'an internal load balancer cannot be dual stack';
  if (ip === undefined || ip === '') return undefined;
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(ip)) return 'ip is invalid';
  return [...world.loadBalancers.values()].some((other) => other.ip === ip) ? `ip ${ip} is in use` : undefined;
}

// (assumed) An attribute that cannot be changed may be left out of a PUT, unlike all others: it stays.
function checkImmutable(body: LoadBalancerBody, { existing }: CheckFacts): string | undefined {
  if (existing === undefined) return undefined;
  const { fields } = existing;
  const pairs: readonly (readonly [string, string | undefined, string])[] = [
    ['type', body.type, fields.type],
    ['network', body.network, fields.network],
    ['network_stack', body.network_stack, fields.network_stack],
    ['region', body.region, fields.region?.slug ?? ''],
    ['vpc_uuid', body.vpc_uuid, fields.vpc_uuid],
  ];
  const changed = pairs.find(([, wanted, has]) => wanted !== undefined && wanted !== '' && wanted !== has);
  return changed === undefined ? undefined : `${changed[0]} cannot be changed`;
}

function checkResize(body: LoadBalancerBody, { existing, nowMs, resizeCooldownMs }: CheckFacts): string | undefined {
  if (existing === undefined || sizeUnitOf(body) === existing.fields.size_unit) return undefined;
  return nowMs - existing.resizedAtMs < resizeCooldownMs
    ? 'the load balancer was resized or created too recently'
    : undefined;
}

function notOneOf(value: string | undefined, allowed: readonly string[], field: string): string | undefined {
  return value === undefined || allowed.includes(value) ? undefined : `${field} "${value}" is invalid`;
}

function outside(value: number | undefined, least: number, most: number, field: string): string | undefined {
  return value === undefined || (value >= least && value <= most)
    ? undefined
    : `${field} must be between ${least} and ${most}`;
}

function isPort(port: number | undefined): boolean {
  return port !== undefined && port >= 1 && port <= 65535;
}

function first<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
