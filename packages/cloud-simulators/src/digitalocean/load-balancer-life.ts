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
  const status = record.isErrored ? 'errored' : nowMs >= record.activeAtMs ? 'active' : 'new';
  const isActive = status === 'active';
  return {
    ...fields,
    ip: isActive ? record.ip : '',
    ipv6: isActive ? record.ipv6 : '',
    status,
    droplet_ids: fields.tag === '' ? fields.droplet_ids : taggedDroplets(world, fields),
  };
}

/** The attributes that a body asks for, everything absent at its default. With `before`, what cannot change is kept. */
export function loadBalancerFields(
  body: LoadBalancerBody,
  world: World,
  made: { readonly id: string; readonly createdAt: string; readonly before?: LoadBalancerFields },
): LoadBalancerFields {
  const { before } = made;
  const region = before?.region ?? world.regions.get(body.region ?? '') ?? null;
  const unit = sizeUnitOf(body);
  return {
    id: made.id,
    created_at: made.createdAt,
    name: body.name ?? '',
    size: SIZE_SLUGS[unit] ?? '',
    size_unit: unit,
    algorithm: body.algorithm ?? 'round_robin',
    forwarding_rules: (body.forwarding_rules ?? []).map(toRule),
    health_check: toHealthCheck(body.health_check),
    sticky_sessions: { type: 'none', ...body.sticky_sessions },
    region,
    tag: body.tag ?? '',
    droplet_ids: body.droplet_ids ?? [],
    // The API takes tags on create only.
    tags: before?.tags ?? body.tags ?? [],
    ...switchesOf(body),
    vpc_uuid: before?.vpc_uuid ?? nonEmpty(body.vpc_uuid) ?? defaultVpcOf(world, region?.slug ?? '')?.id ?? '',
    ...(body.subnet_uuid === undefined ? {} : { subnet_uuid: body.subnet_uuid }),
    project_id: body.project_id ?? before?.project_id ?? defaultProjectOf(world)?.id ?? '',
    http_idle_timeout_seconds: body.http_idle_timeout_seconds ?? 60,
    firewall: { deny: body.firewall?.deny ?? [], allow: body.firewall?.allow ?? [] },
    network: before?.network ?? body.network ?? 'EXTERNAL',
    network_stack: before?.network_stack ?? body.network_stack ?? 'IPV4',
    type: before?.type ?? body.type ?? 'REGIONAL',
    tls_cipher_policy: body.tls_cipher_policy ?? 'DEFAULT',
    ...globalOf(body),
  };
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
  const protocol = check.protocol ?? 'http';
  return {
    protocol,
    port: check.port ?? 80,
    ...(protocol === 'tcp' ? {} : { path: check.path ?? '/' }),
    check_interval_seconds: check.check_interval_seconds ?? 10,
    response_timeout_seconds: check.response_timeout_seconds ?? 5,
    healthy_threshold: check.healthy_threshold ?? 3,
    unhealthy_threshold: check.unhealthy_threshold ?? 5,
    proxy_protocol: check.proxy_protocol ?? false,
  };
}

function switchesOf(
  body: LoadBalancerBody,
): Pick<
  LoadBalancerFields,
  'redirect_http_to_https' | 'enable_proxy_protocol' | 'enable_backend_keepalive' | 'disable_lets_encrypt_dns_records'
> {
  return {
    redirect_http_to_https: body.redirect_http_to_https ?? false,
    enable_proxy_protocol: body.enable_proxy_protocol ?? false,
    enable_backend_keepalive: body.enable_backend_keepalive ?? false,
    disable_lets_encrypt_dns_records: body.disable_lets_encrypt_dns_records ?? false,
  };
}

function globalOf(
  body: LoadBalancerBody,
): Pick<LoadBalancerFields, 'domains' | 'glb_settings' | 'target_load_balancer_ids'> {
  return {
    ...(body.domains === undefined ? {} : { domains: body.domains }),
    ...(body.glb_settings === undefined ? {} : { glb_settings: body.glb_settings }),
    ...(body.target_load_balancer_ids === undefined ? {} : { target_load_balancer_ids: body.target_load_balancer_ids }),
  };
}

function taggedDroplets(world: World, { tag, region }: LoadBalancerFields): readonly number[] {
  const found = [...world.droplets.values()].filter((droplet) => droplet.tags.includes(tag));
  return found.filter((droplet) => region === null || droplet.region.slug === region.slug).map(({ id }) => id);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
