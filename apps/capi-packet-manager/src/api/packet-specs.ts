// Reads the Packet types out of `providerSpec`: the value itself or the MachineClass that is referred to. Pure; the actuators and clusterctl
// call it. Every problem is reported at once, each with its object and field, because users fix files, not fields.
import { isControlPlane } from './conditions.ts';
import { asRecord, complain, fieldOf, kindOf, requiredText, textList } from './raw-fields.ts';
import type { RawFields } from './raw-fields.ts';
import type {
  Cluster,
  Machine,
  MachineClass,
  PacketClusterProviderSpec,
  PacketMachineProviderSpec,
  ProviderSpec,
} from './objects.ts';
import { decodeSshKeys } from './ssh-keys.ts';

/** What was understood, or all that is wrong. */
export type Reading<T> =
  | { readonly spec: T; readonly problems?: undefined }
  | { readonly problems: readonly string[]; readonly spec?: undefined };

/** Finds a MachineClass, in a cache or a file; `undefined`: there is none. */
export type ClassLookup = (namespace: string, name: string) => MachineClass | undefined;

/** Longest tag that the Packet API takes. */
export const MAX_TAG_LENGTH = 80;

const OWN_TAG_PREFIX = 'cluster-api-provider-packet:';
const BILLING_CYCLES = ['hourly', 'daily', 'monthly', 'yearly'];
type Role = 'Master' | 'Node';

/** The Packet spec of a Machine. `roles` of the result is never empty. */
export function readMachineProviderSpec(machine: Machine, classes: ClassLookup): Reading<PacketMachineProviderSpec> {
  const name = describe('Machine', machine);
  const source = resolve(machine.spec?.providerSpec, name, machine.metadata?.namespace, classes);
  if ('problem' in source) return { problems: [source.problem] };
  const fields: RawFields = { ...source, problems: [] };
  const spec: PacketMachineProviderSpec = {
    projectID: requiredText(fields, 'projectID', 'give the id of the Packet project'),
    facility: readFacilities(fields),
    machineType: requiredText(fields, 'machineType', 'give the slug of a plan, such as c3.small.x86'),
    OS: requiredText(fields, 'OS', 'give the slug of an operating system, such as ubuntu_24_04'),
    billingCycle: readBillingCycle(fields),
    tags: readTags(fields),
    roles: readRoles(fields, machine),
    sshKeys: readSshKeys(fields),
  };
  return fields.problems.length > 0 ? { problems: fields.problems } : { spec };
}

/** The Packet spec of a Cluster. */
export function readClusterProviderSpec(cluster: Cluster): Reading<PacketClusterProviderSpec> {
  const name = describe('Cluster', cluster);
  const raw = asRecord(cluster.spec?.providerSpec?.value);
  if (raw === undefined) return { problems: [`${name}: spec.providerSpec.value is missing: give at least projectID`] };
  const fields: RawFields = { raw, at: `${name}: spec.providerSpec.value`, problems: [] };
  const projectID = requiredText(fields, 'projectID', 'give the id of the Packet project');
  const controlPlaneEndpoint = readEndpoint(fields);
  if (fields.problems.length > 0) return { problems: fields.problems };
  return { spec: { projectID, ...(controlPlaneEndpoint && { controlPlaneEndpoint }) } };
}

/** `Machine default/m-0`, for messages. */
export function describe(
  kind: string,
  object: { readonly metadata?: { readonly name?: string; readonly namespace?: string } },
): string {
  return `${kind} ${object.metadata?.namespace ?? 'default'}/${object.metadata?.name ?? '(no name)'}`;
}

type Source = Pick<RawFields, 'raw' | 'at'> | { readonly problem: string };

function resolve(
  providerSpec: ProviderSpec | undefined,
  name: string,
  namespace: string | undefined,
  classes: ClassLookup,
): Source {
  const hasValue = providerSpec?.value !== undefined;
  const reference = providerSpec?.valueFrom?.machineClass;
  if (hasValue === (reference !== undefined)) {
    const what = hasValue ? 'both' : 'neither';
    return { problem: `${name}: spec.providerSpec has ${what} of value and valueFrom.machineClass: give one of them` };
  }
  if (reference !== undefined) return resolveClass(reference, { name, namespace: namespace ?? 'default' }, classes);
  const raw = asRecord(providerSpec?.value);
  if (raw === undefined) return { problem: `${name}: spec.providerSpec.value must be an object` };
  return { raw, at: `${name}: spec.providerSpec.value` };
}

function resolveClass(
  reference: { readonly name: string; readonly namespace?: string },
  asking: { readonly name: string; readonly namespace: string },
  classes: ClassLookup,
): Source {
  const namespace = reference.namespace ?? asking.namespace;
  const machineClass = classes(namespace, reference.name);
  const className = `MachineClass ${namespace}/${reference.name}`;
  if (machineClass === undefined) {
    const field = 'spec.providerSpec.valueFrom.machineClass';
    return { problem: `${asking.name}: ${field}: there is no ${className}: create it or correct the name` };
  }
  const raw = asRecord(machineClass.providerSpec);
  if (raw === undefined) return { problem: `${asking.name}: ${className} has no providerSpec` };
  // Some wrote a whole provider spec there, with `value`.
  return { raw: asRecord(raw['value']) ?? raw, at: `${asking.name}: ${className}: providerSpec` };
}

function readFacilities(fields: RawFields): readonly string[] {
  const hasField = fieldOf(fields, 'facility') !== undefined;
  const before = fields.problems.length;
  const facilities = [...new Set(textList(fields, 'facility'))];
  if (facilities.length === 0 && fields.problems.length === before) {
    complain(
      fields,
      'facility',
      `${hasField ? 'is empty' : 'is missing'}: give facility codes in the order of preference`,
    );
  }
  return facilities;
}

function readBillingCycle(fields: RawFields): string {
  const value = fieldOf(fields, 'billingCycle') ?? 'hourly';
  if (typeof value === 'string' && BILLING_CYCLES.includes(value)) return value;
  complain(fields, 'billingCycle', `must be one of ${BILLING_CYCLES.join(', ')}, not ${JSON.stringify(value)}`);
  return '';
}

function readTags(fields: RawFields): readonly string[] {
  const tags = textList(fields, 'tags');
  for (const tag of tags) {
    if (tag.length > MAX_TAG_LENGTH) {
      complain(fields, 'tags', `has ${JSON.stringify(tag)} of ${tag.length} characters: at most ${MAX_TAG_LENGTH}`);
    }
    if (tag.startsWith(OWN_TAG_PREFIX)) {
      complain(fields, 'tags', `has ${JSON.stringify(tag)}: tags that start with ${OWN_TAG_PREFIX} are ours alone`);
    }
  }
  return tags;
}

function readSshKeys(fields: RawFields): readonly string[] {
  return textList(fields, 'sshKeys').flatMap((text, index) => {
    const keys = decodeSshKeys(text);
    if (keys.length === 0)
      complain(fields, `sshKeys[${index}]`, 'is no public key, neither as text nor as base64 of its file');
    return keys;
  });
}

function readRoles(fields: RawFields, machine: Machine): readonly Role[] {
  const isMaster = isControlPlane(machine);
  const value = fieldOf(fields, 'roles');
  if (value === undefined) return [isMaster ? 'Master' : 'Node'];
  const unknown = Array.isArray(value) ? value.filter((role) => role !== 'Master' && role !== 'Node') : [];
  if (!Array.isArray(value) || unknown.length > 0) {
    const found = Array.isArray(value) ? JSON.stringify(unknown) : kindOf(value);
    complain(fields, 'roles', `must be a list of Master and Node, found ${found}`);
    return [];
  }
  const roles = (['Master', 'Node'] as const).filter((role) => value.includes(role));
  const complaint = contradiction(roles, isMaster);
  if (complaint) complain(fields, 'roles', complaint);
  return roles;
}

function contradiction(roles: readonly Role[], isMaster: boolean): string | undefined {
  if (roles.length === 0) {
    return 'is an empty list, so the machine would be nothing: give Master, Node or both, or leave the field out';
  }
  if (isMaster && !roles.includes('Master')) {
    return `is [${roles.join(', ')}], but spec.versions.controlPlane makes this a control plane machine: add Master or remove that version`;
  }
  if (!isMaster && roles.includes('Master')) {
    return `is [${roles.join(', ')}], but spec.versions.controlPlane is missing: give that version or remove Master`;
  }
  return undefined;
}

function readEndpoint(fields: RawFields): PacketClusterProviderSpec['controlPlaneEndpoint'] {
  const name = 'controlPlaneEndpoint';
  const value = fieldOf(fields, name);
  if (value === undefined) return undefined;
  const raw = asRecord(value);
  if (raw === undefined) {
    complain(fields, name, `must be an object with type elasticIP or host, not ${kindOf(value)}`);
    return undefined;
  }
  const inner: RawFields = { raw, at: `${fields.at}.${name}`, problems: fields.problems };
  const port = readPort(inner);
  if (raw['type'] === 'host') {
    return { type: 'host', host: requiredText(inner, 'host', 'give the address or name'), ...(port && { port }) };
  }
  if (raw['type'] !== 'elasticIP') complain(inner, 'type', 'must be elasticIP or host');
  const facility =
    fieldOf(inner, 'facility') === undefined ? undefined : requiredText(inner, 'facility', 'or leave it out');
  return { type: 'elasticIP', ...(facility && { facility }), ...(port && { port }) };
}

function readPort(fields: RawFields): number | undefined {
  const port = fieldOf(fields, 'port');
  if (port === undefined) return undefined;
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536) return port;
  complain(fields, 'port', 'must be a number from 1 to 65535');
  return undefined;
}
