// What the bodies of requests may contain: fields and types, written from the documented facts. Values are checked by the routes, in the
// API's own words.
import { compileSchemas } from '../schema-check.ts';
import type { JsonSchema, RequestValidators } from '../schema-check.ts';

const text = { type: 'string' };
const whole = { type: 'integer' };
const truth = { type: 'boolean' };
const textOrNull = { type: ['string', 'null'] };
const texts = { type: 'array', items: text };
const tags = { type: 'object', additionalProperties: text };

function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, additionalProperties: false };
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

const subnetAddress = object({ subnet: text, address: text });
const serverInterface = object({ network: text, addresses: listOf(subnetAddress), type: text });
const http = object({ expected_codes: texts, method: text, url_path: text, version: text, host: textOrNull });
const timeouts = { timeout_client_data_ms: whole, timeout_member_connect_ms: whole, timeout_member_data_ms: whole };
const numbers = { delay_s: whole, timeout_s: whole, up_threshold: whole, down_threshold: whole };
const listener = { name: text, protocol: text, protocol_port: whole, allowed_cidrs: texts, ...timeouts, tags };
const target = { server: text, load_balancer: text, reverse_ptr: text, tags };
const PARTS = '/v1/load-balancers';

/** Checks by route; a route that is not here takes no body. */
export const REQUEST_VALIDATORS: RequestValidators = compileSchemas({
  'POST /v1/servers': object({
    name: text,
    flavor: text,
    image: text,
    zone: text,
    volume_size_gb: whole,
    bulk_volume_size_gb: whole,
    volumes: listOf({ type: 'object' }),
    interfaces: listOf(serverInterface),
    ssh_keys: texts,
    password: text,
    use_public_network: truth,
    use_private_network: truth,
    use_ipv6: truth,
    server_groups: texts,
    user_data: text,
    status: text,
    tags,
  }),
  'PATCH /v1/servers/{uuid}': object({ name: text, flavor: text, interfaces: listOf(serverInterface), tags }),
  [`POST ${PARTS}`]: object({ name: text, flavor: text, zone: text, vip_addresses: listOf(subnetAddress), tags }),
  [`PATCH ${PARTS}/{uuid}`]: object({ name: text, tags }),
  [`POST ${PARTS}/pools`]: object({ name: text, load_balancer: text, algorithm: text, protocol: text, tags }),
  [`PATCH ${PARTS}/pools/{uuid}`]: object({ name: text, tags }),
  [`POST ${PARTS}/pools/{pool}/members`]: object({
    name: text,
    enabled: truth,
    protocol_port: whole,
    monitor_port: { type: ['integer', 'null'] },
    address: text,
    subnet: text,
    tags,
  }),
  [`PATCH ${PARTS}/pools/{pool}/members/{uuid}`]: object({ name: text, enabled: truth, tags }),
  [`POST ${PARTS}/listeners`]: object({ ...listener, pool: text }),
  [`PATCH ${PARTS}/listeners/{uuid}`]: object(listener),
  [`POST ${PARTS}/health-monitors`]: object({ pool: text, type: text, ...numbers, http, tags }),
  [`PATCH ${PARTS}/health-monitors/{uuid}`]: object({ ...numbers, http, tags }),
  'POST /v1/floating-ips': object({ ip_version: whole, prefix_length: whole, region: text, type: text, ...target }),
  'PATCH /v1/floating-ips/{ip}': object(target),
  'POST /v1/networks': object({ name: text, zone: text, mtu: whole, auto_create_ipv4_subnet: truth, tags }),
  'PATCH /v1/networks/{uuid}': object({ name: text, mtu: whole, tags }),
  'POST /v1/subnets': object({ cidr: text, network: text, gateway_address: textOrNull, dns_servers: texts, tags }),
  'PATCH /v1/subnets/{uuid}': object({ gateway_address: textOrNull, dns_servers: texts, tags }),
});
