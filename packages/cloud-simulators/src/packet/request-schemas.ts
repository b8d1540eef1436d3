// What the bodies of requests may contain: fields and types, written from the API's facts. Values are checked by the routes. Where
// clients of different ages send different types for one field, all of them are right.
import { compileSchemas } from '../schema-check.ts';
import type { JsonSchema, RequestValidators } from '../schema-check.ts';

const text = { type: 'string' };
const whole = { type: 'integer' };
const truth = { type: 'boolean' };
const anything = { type: 'object' };
const texts = listOf(text);

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

function oneOf(...schemas: readonly JsonSchema[]): JsonSchema {
  return { anyOf: schemas };
}

function orNull(schema: JsonSchema): JsonSchema {
  return oneOf({ type: 'null' }, schema);
}

function object(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

// packngo sends the JSON of an object, and the price as text.
const customdata = oneOf(anything, text);
const price = oneOf({ type: 'number' }, text);

const deviceChange = {
  hostname: text,
  description: orNull(text),
  tags: texts,
  userdata: text,
  customdata,
  locked: truth,
  always_pxe: truth,
  ipxe_script_url: text,
  billing_cycle: text,
  network_frozen: truth,
  spot_instance: truth,
  firmware_set_id: text,
};

const address = object({ address_family: whole, public: truth, cidr: whole, ip_reservations: texts });

const device = {
  ...deviceChange,
  plan: text,
  operating_system: text,
  metro: text,
  facility: oneOf(text, texts),
  hardware_reservation_id: text,
  spot_price_max: price,
  termination_time: orNull(text),
  ip_addresses: listOf(address),
  public_ipv4_subnet_size: whole,
  private_ipv4_subnet_size: whole,
  project_ssh_keys: texts,
  user_ssh_keys: texts,
  ssh_keys: listOf(object({ label: text, key: text, tags: texts })),
  no_ssh_keys: truth,
  storage: anything,
  features: oneOf(texts, anything),
};

const project = {
  name: text,
  tags: texts,
  customdata: anything,
  payment_method_id: text,
};

const sshKey = { label: text, key: text, tags: texts };

const server = object({ plan: text, metro: text, facility: text, quantity: oneOf(whole, text) }, ['plan', 'quantity']);
const policy = object({ snapshot_frequency: text, snapshot_count: oneOf(whole, text) });
const volumeChange = {
  description: orNull(text),
  size: whole,
  plan: text,
  plan_id: text,
  billing_cycle: text,
  locked: truth,
  customdata: anything,
};
const volume = {
  ...volumeChange,
  facility: text,
  facility_id: text,
  snapshot_policies: oneOf(policy, listOf(policy)),
};

const vlanOnPort = object({ vnid: text }, ['vnid']);

const capacity = object({ servers: listOf(server) }, ['servers']);

/** Schemas by route; a route that is not here takes no body. */
export const REQUEST_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  'POST /projects': object({ ...project, organization_id: text, type: text }, ['name']),
  'PUT /projects/{id}': object({ ...project, backend_transfer_enabled: truth }),
  'POST /projects/{id}/devices': object(device, ['plan', 'operating_system']),
  'PUT /devices/{id}': object(deviceChange),
  'PATCH /devices/{id}': object(deviceChange),
  'DELETE /devices/{id}': object({ force_delete: truth }),
  'POST /projects/{id}/ips': object(
    {
      type: text,
      quantity: whole,
      metro: text,
      facility: text,
      details: orNull(text),
      tags: texts,
      customdata: anything,
      comments: text,
      fail_on_approval_required: truth,
      vrf_id: text,
      network: text,
      cidr: whole,
    },
    ['type'],
  ),
  'PATCH /ips/{id}': object({ details: orNull(text), tags: texts, customdata: anything }),
  'POST /devices/{id}/ips': object({ address: text, customdata: anything }, ['address']),
  'POST /ssh-keys': object({ ...sshKey, instances_ids: texts }, ['label', 'key']),
  'POST /projects/{id}/ssh-keys': object({ ...sshKey, instances_ids: texts }, ['label', 'key']),
  'PUT /ssh-keys/{id}': object(sshKey),
  'PATCH /ssh-keys/{id}': object(sshKey),
  'POST /devices/{id}/actions': object(
    {
      type: text,
      operating_system: text,
      preserve_data: truth,
      deprovision_fast: truth,
      ipxe_script_url: text,
      force_delete: truth,
    },
    ['type'],
  ),
  'POST /projects/{id}/devices/batch': object(
    {
      batches: listOf(object({ ...device, hostnames: texts, quantity: whole }, ['plan', 'operating_system'])),
    },
    ['batches'],
  ),
  'POST /projects/{id}/bgp-configs': object({ deployment_type: text, asn: whole, md5: orNull(text), use_case: text }, [
    'deployment_type',
    'asn',
  ]),
  'POST /devices/{id}/bgp/sessions': object({ address_family: { enum: ['ipv4', 'ipv6'] }, default_route: truth }),
  'PUT /bgp/sessions/{id}': oneOf(truth, object({ default_route: truth })),
  'POST /projects/{id}/storage': object(volume, ['size']),
  'PATCH /storage/{id}': object(volumeChange),
  'PUT /storage/{id}': object(volumeChange),
  'POST /storage/{id}/attachments': object({ device_id: text }, ['device_id']),
  'POST /storage/{id}/snapshots': object({}),
  'POST /storage/{id}/restore': object({ restore_point: text }),
  'POST /storage/{id}/clone': object({ snapshot_timestamp: text }),
  'POST /storage/{id}/snapshot-policies': policy,
  'PUT /storage/snapshot-policies/{id}': policy,
  'POST /projects/{id}/virtual-networks': object({
    project_id: text,
    description: orNull(text),
    metro: text,
    facility: text,
    vxlan: whole,
    tags: texts,
  }),
  'PUT /virtual-networks/{id}': object({ description: orNull(text), tags: texts }),
  'POST /ports/{id}/assign': vlanOnPort,
  'POST /ports/{id}/unassign': vlanOnPort,
  'POST /ports/{id}/native-vlan': object({ vnid: text }),
  'POST /ports/{id}/bond': object({ bulk_enable: truth }),
  'POST /ports/{id}/disbond': object({ bulk_disable: truth }),
  'POST /ports/{id}/convert/layer-2': object({ vnid: text }),
  'POST /ports/{id}/convert/layer-3': object({
    request_ips: listOf(object({ address_family: whole, public: truth })),
  }),
  'POST /hardware-reservations/{id}/move': object({ project_id: text }, ['project_id']),
  'POST /hardware-reservations/{id}/activate': object({ description: text }),
  'POST /capacity': capacity,
  'POST /capacity/metros': capacity,
};

/** Routes whose body can be left out. */
export const OPTIONAL_BODIES: ReadonlySet<string> = new Set([
  'DELETE /devices/{id}',
  'POST /storage/{id}/snapshots',
  'POST /storage/{id}/restore',
  'POST /storage/{id}/clone',
  'POST /storage/{id}/snapshot-policies',
  'PUT /storage/snapshot-policies/{id}',
  'POST /ports/{id}/bond',
  'POST /ports/{id}/disbond',
  'POST /ports/{id}/native-vlan',
  'POST /ports/{id}/convert/layer-2',
  'POST /ports/{id}/convert/layer-3',
  'POST /hardware-reservations/{id}/activate',
]);

/** Checks by route. */
export const REQUEST_VALIDATORS: RequestValidators = compileSchemas(REQUEST_SCHEMAS);
