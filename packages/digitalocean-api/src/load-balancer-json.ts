// The load balancer on the wire: API's JSON to our type and back. A table of renamed fields, no decisions.
import { parseCertificateId, parseDropletNumber, parseLoadBalancerId, parseProjectId, parseVpcId } from './ids.ts';
import {
  isTrue,
  listOf,
  mapped,
  optionalNumber,
  optionalObject,
  optionalText,
  parseObject,
  parseText,
  present,
  requiredNumber,
  requiredText,
  withoutAbsent,
} from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import type {
  ForwardingRule,
  GlobalDomain,
  GlobalSettings,
  HealthCheck,
  LoadBalancer,
  LoadBalancerFirewall,
  LoadBalancerSpec,
  StickySessions,
} from './load-balancer.ts';

/** A load balancer as the API writes it. */
export function parseLoadBalancer(raw: unknown): LoadBalancer {
  const found = parseObject(raw, 'load balancer');
  return {
    id: parseLoadBalancerId(requiredText(found, 'id')),
    name: requiredText(found, 'name'),
    status: requiredText(found, 'status'),
    forwardingRules: listOf(found, 'forwarding_rules', parseForwardingRule),
    dropletIds: listOf(found, 'droplet_ids', parseDropletNumber),
    tags: listOf(found, 'tags', parseText),
    redirectHttpToHttps: isTrue(found, 'redirect_http_to_https'),
    enableProxyProtocol: isTrue(found, 'enable_proxy_protocol'),
    enableBackendKeepalive: isTrue(found, 'enable_backend_keepalive'),
    disableLetsEncryptDnsRecords: isTrue(found, 'disable_lets_encrypt_dns_records'),
    ...parsePlace(found),
    ...parseSettings(found),
    ...parseGlobal(found),
  };
}

/** The body of a forwarding rule. */
export function toForwardingRuleBody(rule: ForwardingRule): JsonObject {
  return withoutAbsent({
    entry_protocol: rule.entryProtocol,
    entry_port: rule.entryPort,
    target_protocol: rule.targetProtocol,
    target_port: rule.targetPort,
    certificate_id: rule.certificateId,
    tls_passthrough: rule.tlsPassthrough,
  });
}

/** The body of a POST or PUT; the address is for `create` only. */
export function toLoadBalancerBody(
  spec: LoadBalancerSpec,
  { withAddress }: { readonly withAddress: boolean },
): JsonObject {
  const isGlobal = spec.type === 'GLOBAL';
  return withoutAbsent({
    name: spec.name,
    region: spec.region,
    type: spec.type,
    network: spec.network,
    network_stack: spec.networkStack,
    vpc_uuid: spec.vpcId,
    subnet_uuid: spec.subnetId,
    ip: withAddress ? spec.ip : undefined,
    project_id: spec.projectId,
    size_unit: spec.sizeUnit,
    size: spec.size,
    algorithm: spec.algorithm,
    // A global balancer has none; the field must not be there then.
    forwarding_rules: isGlobal ? undefined : spec.forwardingRules.map(toForwardingRuleBody),
    health_check: spec.healthCheck && toHealthCheckBody(spec.healthCheck),
    sticky_sessions: spec.stickySessions && toStickySessionsBody(spec.stickySessions),
    droplet_ids: isGlobal && spec.dropletIds?.length === 0 ? undefined : spec.dropletIds,
    tag: spec.tag,
    tags: spec.tags,
    redirect_http_to_https: spec.redirectHttpToHttps,
    enable_proxy_protocol: spec.enableProxyProtocol,
    enable_backend_keepalive: spec.enableBackendKeepalive,
    disable_lets_encrypt_dns_records: spec.disableLetsEncryptDnsRecords,
    http_idle_timeout_seconds: spec.httpIdleTimeoutSeconds,
    tls_cipher_policy: spec.tlsCipherPolicy,
    firewall: spec.firewall,
    domains: spec.domains?.map(toDomainBody),
    glb_settings: spec.glbSettings && toGlobalSettingsBody(spec.glbSettings),
    target_load_balancer_ids: spec.targetLoadBalancerIds,
  });
}

function parsePlace(found: JsonObject): Partial<LoadBalancer> {
  // Requests carry the slug, answers the whole region.
  const region = optionalText(optionalObject(found['region']) ?? {}, 'slug') ?? optionalText(found, 'region');
  return present({
    region,
    type: optionalText(found, 'type'),
    network: optionalText(found, 'network'),
    networkStack: optionalText(found, 'network_stack'),
    vpcId: mapped(optionalText(found, 'vpc_uuid'), parseVpcId),
    subnetId: optionalText(found, 'subnet_uuid'),
    projectId: mapped(optionalText(found, 'project_id'), parseProjectId),
    ip: optionalText(found, 'ip'),
    ipv6: optionalText(found, 'ipv6'),
    createdAt: optionalText(found, 'created_at'),
  });
}

function parseSettings(found: JsonObject): Partial<LoadBalancer> {
  return present({
    sizeUnit: optionalNumber(found, 'size_unit'),
    size: optionalText(found, 'size'),
    algorithm: optionalText(found, 'algorithm'),
    tag: optionalText(found, 'tag'),
    healthCheck: mapped(optionalObject(found['health_check']), parseHealthCheck),
    stickySessions: mapped(optionalObject(found['sticky_sessions']), parseStickySessions),
    firewall: mapped(optionalObject(found['firewall']), parseFirewall),
    httpIdleTimeoutSeconds: optionalNumber(found, 'http_idle_timeout_seconds'),
    tlsCipherPolicy: optionalText(found, 'tls_cipher_policy'),
  });
}

function parseGlobal(found: JsonObject): Partial<LoadBalancer> {
  const domains = listOf(found, 'domains', parseDomain);
  const targets = listOf(found, 'target_load_balancer_ids', (entry) => parseLoadBalancerId(parseText(entry)));
  return present({
    domains: domains.length > 0 ? domains : undefined,
    glbSettings: mapped(optionalObject(found['glb_settings']), parseGlobalSettings),
    targetLoadBalancerIds: targets.length > 0 ? targets : undefined,
  });
}

// What the API adds about the verification of a domain is not part of what can be sent.
function parseDomain(raw: unknown): GlobalDomain {
  const domain = parseObject(raw, 'domain');
  return {
    name: requiredText(domain, 'name'),
    isManaged: isTrue(domain, 'is_managed'),
    ...present({ certificateId: mapped(optionalText(domain, 'certificate_id'), parseCertificateId) }),
  };
}

function toDomainBody({ name, isManaged, certificateId }: GlobalDomain): JsonObject {
  return withoutAbsent({ name, is_managed: isManaged, certificate_id: certificateId });
}

function parseGlobalSettings(settings: JsonObject): GlobalSettings {
  const priorities = optionalObject(settings['region_priorities']);
  return {
    isCdnEnabled: isTrue(optionalObject(settings['cdn']) ?? {}, 'is_enabled'),
    ...present({
      targetProtocol: optionalText(settings, 'target_protocol'),
      targetPort: optionalNumber(settings, 'target_port'),
      regionPriorities: priorities && numbersOf(priorities),
      failoverThreshold: optionalNumber(settings, 'failover_threshold'),
    }),
  };
}

function toGlobalSettingsBody(settings: GlobalSettings): JsonObject {
  const { isCdnEnabled } = settings;
  return withoutAbsent({
    target_protocol: settings.targetProtocol,
    target_port: settings.targetPort,
    cdn: isCdnEnabled === undefined ? undefined : { is_enabled: isCdnEnabled },
    region_priorities: settings.regionPriorities,
    failover_threshold: settings.failoverThreshold,
  });
}

function numbersOf(object: JsonObject): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.keys(object).map((name) => [name, requiredNumber(object, name)]));
}

function parseForwardingRule(raw: unknown): ForwardingRule {
  const rule = parseObject(raw, 'forwarding rule');
  return {
    entryProtocol: requiredText(rule, 'entry_protocol'),
    entryPort: requiredNumber(rule, 'entry_port'),
    targetProtocol: requiredText(rule, 'target_protocol'),
    targetPort: requiredNumber(rule, 'target_port'),
    tlsPassthrough: isTrue(rule, 'tls_passthrough'),
    ...present({ certificateId: mapped(optionalText(rule, 'certificate_id'), parseCertificateId) }),
  };
}

function parseHealthCheck(check: JsonObject): HealthCheck {
  return {
    protocol: requiredText(check, 'protocol'),
    port: requiredNumber(check, 'port'),
    proxyProtocol: isTrue(check, 'proxy_protocol'),
    ...present({
      path: optionalText(check, 'path'),
      checkIntervalSeconds: optionalNumber(check, 'check_interval_seconds'),
      responseTimeoutSeconds: optionalNumber(check, 'response_timeout_seconds'),
      unhealthyThreshold: optionalNumber(check, 'unhealthy_threshold'),
      healthyThreshold: optionalNumber(check, 'healthy_threshold'),
    }),
  };
}

function toHealthCheckBody(check: HealthCheck): JsonObject {
  return withoutAbsent({
    protocol: check.protocol,
    port: check.port,
    path: check.path,
    check_interval_seconds: check.checkIntervalSeconds,
    response_timeout_seconds: check.responseTimeoutSeconds,
    unhealthy_threshold: check.unhealthyThreshold,
    healthy_threshold: check.healthyThreshold,
    proxy_protocol: check.proxyProtocol,
  });
}

function parseStickySessions(sticky: JsonObject): StickySessions {
  return {
    type: optionalText(sticky, 'type') ?? 'none',
    ...present({
      cookieName: optionalText(sticky, 'cookie_name'),
      cookieTtlSeconds: optionalNumber(sticky, 'cookie_ttl_seconds'),
    }),
  };
}

function toStickySessionsBody(sticky: StickySessions): JsonObject {
  return withoutAbsent({
    type: sticky.type,
    cookie_name: sticky.cookieName,
    cookie_ttl_seconds: sticky.cookieTtlSeconds,
  });
}

function parseFirewall(firewall: JsonObject): LoadBalancerFirewall {
  return { allow: listOf(firewall, 'allow', parseText), deny: listOf(firewall, 'deny', parseText) };
}
