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
  'POST /capacity': capacity,
  'POST /capacity/metros': capacity,
};

/** Routes whose body can be left out. */
export const OPTIONAL_BODIES: ReadonlySet<string> = new Set(['DELETE /devices/{id}']);

/** Checks by route. */
export const REQUEST_VALIDATORS: RequestValidators = compileSchemas(REQUEST_SCHEMAS);
