// What the bodies of requests may contain: fields and types, written from the documented facts. Ranges, enums and what depends on the
// account are checked by the routes, because users' settings reach the API unchecked and only clients get fields and types wrong.
import { compileSchemas } from '../schema-check.ts';
import type { JsonSchema, RequestValidators } from '../schema-check.ts';

const text = { type: 'string' };
const whole = { type: 'integer' };
const truth = { type: 'boolean' };

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

// Some fields are sent as null by older clients to say "none".
function listOrNull(items: JsonSchema): JsonSchema {
  return { anyOf: [{ type: 'null' }, listOf(items)] };
}

function object(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

const rule = object({
  entry_protocol: text,
  entry_port: whole,
  target_protocol: text,
  target_port: whole,
  certificate_id: text,
  tls_passthrough: truth,
});

const healthCheck = object({
  protocol: text,
  port: whole,
  path: text,
  check_interval_seconds: whole,
  response_timeout_seconds: whole,
  healthy_threshold: whole,
  unhealthy_threshold: whole,
  proxy_protocol: truth,
});

const globalSettings = object({
  target_protocol: text,
  target_port: whole,
  cdn: object({ is_enabled: truth }),
  region_priorities: { type: 'object', additionalProperties: whole },
  failover_threshold: whole,
});

const loadBalancerFields = {
  name: text,
  region: text,
  type: text,
  network: text,
  network_stack: text,
  vpc_uuid: text,
  subnet_uuid: text,
  project_id: text,
  size: text,
  size_unit: whole,
  algorithm: text,
  forwarding_rules: listOf(rule),
  health_check: healthCheck,
  sticky_sessions: object({ type: text, cookie_name: text, cookie_ttl_seconds: whole }),
  droplet_ids: listOf(whole),
  tag: text,
  tags: listOf(text),
  redirect_http_to_https: truth,
  enable_proxy_protocol: truth,
  enable_backend_keepalive: truth,
  disable_lets_encrypt_dns_records: truth,
  http_idle_timeout_seconds: whole,
  tls_cipher_policy: text,
  firewall: object({ allow: listOf(text), deny: listOf(text) }),
  domains: listOf(object({ name: text, is_managed: truth, certificate_id: text }, ['name'])),
  glb_settings: globalSettings,
  target_load_balancer_ids: listOf(text),
  validate_only: truth,
};

const peers = object({
  addresses: listOf(text),
  droplet_ids: listOf(whole),
  load_balancer_uids: listOf(text),
  kubernetes_ids: listOf(text),
  tags: listOf(text),
});
const inbound = listOrNull(object({ protocol: text, ports: text, sources: peers }, ['protocol', 'sources']));
const outbound = listOrNull(object({ protocol: text, ports: text, destinations: peers }, ['protocol', 'destinations']));
const firewall = object({
  name: text,
  inbound_rules: inbound,
  outbound_rules: outbound,
  droplet_ids: listOrNull(whole),
  tags: listOrNull(text),
});

const dropletIds = object({ droplet_ids: listOf(whole) }, ['droplet_ids']);
const rules = object({ forwarding_rules: listOf(rule) }, ['forwarding_rules']);
const resources = object(
  { resources: listOf(object({ resource_id: text, resource_type: text }, ['resource_id', 'resource_type'])) },
  ['resources'],
);
const firewallRules = object({ inbound_rules: inbound, outbound_rules: outbound });
const tagNames = object({ tags: listOf(text) }, ['tags']);

/** Checks by route; a route that is not here takes no body. */
export const REQUEST_VALIDATORS: RequestValidators = compileSchemas({
  // An own address can be given on create only.
  'POST /v2/load_balancers': object({ ...loadBalancerFields, ip: text }),
  'PUT /v2/load_balancers/{id}': object(loadBalancerFields),
  'POST /v2/load_balancers/{id}/droplets': dropletIds,
  'DELETE /v2/load_balancers/{id}/droplets': dropletIds,
  'POST /v2/load_balancers/{id}/forwarding_rules': rules,
  'DELETE /v2/load_balancers/{id}/forwarding_rules': rules,
  'POST /v2/certificates': object(
    {
      name: text,
      type: { enum: ['custom', 'lets_encrypt'] },
      private_key: text,
      leaf_certificate: text,
      certificate_chain: text,
      dns_names: listOf(text),
    },
    ['name'],
  ),
  'POST /v2/tags': object({ name: text }, ['name']),
  'POST /v2/tags/{name}/resources': resources,
  'DELETE /v2/tags/{name}/resources': resources,
  'POST /v2/firewalls': firewall,
  'PUT /v2/firewalls/{id}': firewall,
  'POST /v2/firewalls/{id}/droplets': dropletIds,
  'DELETE /v2/firewalls/{id}/droplets': dropletIds,
  'POST /v2/firewalls/{id}/tags': tagNames,
  'DELETE /v2/firewalls/{id}/tags': tagNames,
  'POST /v2/firewalls/{id}/rules': firewallRules,
  'DELETE /v2/firewalls/{id}/rules': firewallRules,
  'POST /v2/projects/{id}/resources': object({ resources: listOf(text) }, ['resources']),
});
