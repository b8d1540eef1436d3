// How a load balancer comes to be and what it shows when. Pure: a record and the clock's reading give what is served, so nothing has
// to happen at the moment when it becomes active.
import { defaultProjectOf, defaultVpcOf } from './first-world.ts';
import { sizeUnitOf } from './load-balancer-checks.ts';
import type { LoadBalancerBody, RuleBody } from './load-balancer-checks.ts';
import type { LoadBalancerFields, WireForwardingRule, WireHealthCheck, WireLoadBalancer } from './wire.ts';
import type { LoadBalancerRecord, World } from './world.ts';

/** What a load balancer shows at `nowMs`. */
export function viewLoadBalancer(record: LoadBalancerRecord, world: World, nowMs: number): WireLoadBalancer {
  const { fields } = record;
  const { domains } = fields;
  const status = record.isErrored ? 'errored' : nowMs >= record.activeAtMs ? 'active' : 'new';
  const isActive = status === 'active';
  return {
    ...fields,
    ip: isActive ? record.ip : '',
    ipv6: isActive ? record.ipv6 : '',
    status,
    droplet_ids: fields.tag === '' ? fields.droplet_ids : taggedDroplets(world, fields),
    ...(domains === undefined ? {} : { domains: domains.map((domain) => ({ ...domain, status: 'ok' })) }),
  };
}

/** The attributes that a body asks for, everything absent at its default. With `before`, what cannot change is kept. */
export function loadBalancerFields(
  body: LoadBalancerBody,
  world: World,
  made: { readonly id: string; readonly createdAt: string; readonly before?: LoadBalancerFields },
): LoadBalancerFields {
  const unit = sizeUnitOf(body);
  const { subnet_uuid, domains, glb_settings, target_load_balancer_ids } = body;
  return {
    ...DEFAULTS,
    ...given(pick(body, DEFAULTS)),
    ...given({ subnet_uuid, domains, glb_settings, target_load_balancer_ids }),
    id: made.id,
    created_at: made.createdAt,
    size: SIZE_SLUGS[unit] ?? '',
    size_unit: unit,
    forwarding_rules: (body.forwarding_rules ?? []).map(toRule),
    health_check: toHealthCheck(body.health_check),
    sticky_sessions: { type: 'none', ...body.sticky_sessions },
    firewall: { deny: [], allow: [], ...body.firewall },
    ...(made.before === undefined ? placeOf(body, world) : keptOf(made.before, body)),
  };
}

const DEFAULTS = {
  name: '',
  algorithm: 'round_robin',
  tag: '',
  droplet_ids: [] as readonly number[],
  redirect_http_to_https: false,
  enable_proxy_protocol: false,
  enable_backend_keepalive: false,
  disable_lets_encrypt_dns_records: false,
  http_idle_timeout_seconds: 60,
  tls_cipher_policy: 'DEFAULT',
};

type Kept = Pick<
  LoadBalancerFields,
  'type' | 'network' | 'network_stack' | 'region' | 'vpc_uuid' | 'tags' | 'project_id'
>;

function placeOf(body: LoadBalancerBody, world: World): Kept {
  const region = world.regions.get(body.region ?? '') ?? null;
  const usual = {
    type: 'REGIONAL',
    network: 'EXTERNAL',
    network_stack: 'IPV4',
    tags: [] as readonly string[],
    vpc_uuid: defaultVpcOf(world, region?.slug ?? '')?.id ?? '',
    project_id: defaultProjectOf(world)?.id ?? '',
  };
  const wanted = given(pick(body, usual));
  return { ...usual, ...wanted, ...(wanted.vpc_uuid === '' ? { vpc_uuid: usual.vpc_uuid } : {}), region };
}

// The API takes tags on create only; the project can be changed, the rest cannot.
function keptOf(before: LoadBalancerFields, body: LoadBalancerBody): Kept {
  const { type, network, network_stack, region, vpc_uuid, tags } = before;
  return { type, network, network_stack, region, vpc_uuid, tags, project_id: body.project_id ?? before.project_id };
}

/** The addresses that number `n` of the load balancers gets when it is active. */
export function addressesOf(
  fields: LoadBalancerFields,
  n: number,
  ownIp: string | undefined,
): Pick<LoadBalancerRecord, 'ip' | 'ipv6'> {
  const low = `${(n >> 8) & 255}.${n & 255}`;
  if (fields.network === 'INTERNAL') return { ip: `10.200.${low}`, ipv6: '' };
  // The lower half of 198.18.0.0/15 (RFC 2544), which nobody owns.
  const ipv6 = fields.network_stack === 'DUALSTACK' ? `2001:db8:1::${n.toString(16)}` : '';
  return { ip: ownIp ?? `198.18.${low}`, ipv6 };
}

/** A rule as it is shown. */
export function toRule(rule: RuleBody): WireForwardingRule {
  return {
    entry_protocol: rule.entry_protocol ?? '',
    entry_port: rule.entry_port ?? 0,
    target_protocol: rule.target_protocol ?? '',
    target_port: rule.target_port ?? 0,
    certificate_id: rule.certificate_id ?? '',
    tls_passthrough: rule.tls_passthrough ?? false,
  };
}

const SIZE_SLUGS: Readonly<Record<number, string>> = { 1: 'lb-small', 3: 'lb-medium', 6: 'lb-large' };

function toHealthCheck(check: LoadBalancerBody['health_check'] = {}): WireHealthCheck {
  const { path, ...usual } = HEALTH_DEFAULTS;
  const protocol = check.protocol ?? usual.protocol;
  return { ...usual, ...(protocol === 'tcp' ? {} : { path }), ...given(check) };
}

const HEALTH_DEFAULTS = {
  protocol: 'http',
  port: 80,
  path: '/',
  check_interval_seconds: 10,
  response_timeout_seconds: 5,
  healthy_threshold: 3,
  unhealthy_threshold: 5,
  proxy_protocol: false,
};

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined | null> };

// What is there: neither absent nor null.
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as Given<T>;
}

function pick<T extends object, K extends object>(from: T, like: K): Pick<T, Extract<keyof K, keyof T>> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => name in like)) as Pick<
    T,
    Extract<keyof K, keyof T>
  >;
}

function taggedDroplets(world: World, { tag, region }: LoadBalancerFields): readonly number[] {
  const found = [...world.droplets.values()].filter((droplet) => droplet.tags.includes(tag));
  return found.filter((droplet) => region === null || droplet.region.slug === region.slug).map(({ id }) => id);
}
