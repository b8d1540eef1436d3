// The file of `-config`: which user data a machine gets, by image and versions. Format of the Go provider, with optional fields of our own
// (name, arch, kubeadmConfigVersion, versions like `1.36.x`). Pure; machine-config-file.ts reads the file.
import { OperatorError, onChange } from '@longshore/reconciler-core';
import { parse } from 'yaml';
import { isVersionPattern, matchesVersion, versionDistance } from './versions.ts';

/** Versions of the kubeadm configuration that can be written. */
export type KubeadmConfigVersion = 'v1beta3' | 'v1beta4';

/** One combination of an image and versions, and what a machine of it runs. */
export interface MachineSetup {
  /** For messages: the name of the item or its place in the file, and the place of the combination in the item. */
  readonly name: string;
  readonly image: string;
  readonly versions: { readonly kubelet: string; readonly controlPlane?: string };
  readonly arch?: string;
  /** Package of the container runtime, for example `containerd.io`. */
  readonly containerRuntime: string;
  /** Follows from the version of the machine when absent. */
  readonly kubeadmConfigVersion?: KubeadmConfigVersion;
  readonly userdata: string;
}

/** The whole file. Warnings name fields that nobody reads. */
export interface MachineConfigs {
  readonly setups: readonly MachineSetup[];
  readonly warnings: readonly string[];
}

/** What a setup is looked for by. */
export interface SetupRequest {
  readonly image: string;
  readonly versions: { readonly kubelet: string; readonly controlPlane?: string };
  /** Of the plan, when it is known. */
  readonly arch?: string;
}

/** The setup of a machine, or why there is none; `message` is for the Machine's condition. */
export type SetupChoice =
  | { readonly found: MachineSetup }
  | {
      readonly problem: 'unknown-image' | 'unknown-version' | 'other-role-only' | 'ambiguous';
      readonly message: string;
    };

const ITEM_FIELDS = ['name', 'machineParams', 'userdata'];
const PARAM_FIELDS = ['image', 'versions', 'containerRuntime', 'arch', 'kubeadmConfigVersion'];
const VERSION_FIELDS = ['kubelet', 'controlPlane'];
const NEAREST = 4;

/** Reads the text of the file; throws MACHINE_CONFIGS_INVALID with everything that is wrong. */
export function parseMachineConfigs(text: string, path: string): MachineConfigs {
  const reading: Reading = { problems: [], warnings: [] };
  const items = asRecord(parseYaml(text, path))['items'];
  if (!Array.isArray(items)) throw invalidConfigs(path, ['it has no list "items"']);
  const setups = items.flatMap((item, index) => parseItem(asRecord(item), index, reading));
  if (reading.problems.length > 0) throw invalidConfigs(path, reading.problems);
  return { setups, warnings: reading.warnings };
}

/** The one setup that serves a machine. Exact versions go before patterns; two that are equally good are an error. */
export function selectSetup(setups: readonly MachineSetup[], request: SetupRequest): SetupChoice {
  const ofImage = setups.filter((setup) => setup.image === request.image && fitsArch(setup, request));
  if (ofImage.length === 0) return unknownImage(setups, request);
  const ofRole = ofImage.filter((setup) => isControlPlane(setup) === isControlPlane(request));
  const matching = ofRole.filter((setup) => matchesVersions(setup, request));
  const exact = matching.filter(isExact);
  const best = exact.length > 0 ? exact : matching;
  const [first, second] = best;
  if (first === undefined) return noVersion(ofImage, ofRole, request);
  return second === undefined ? { found: first } : ambiguous(best, request);
}

interface Reading {
  readonly problems: string[];
  readonly warnings: string[];
}

function parseItem(item: Readonly<Record<string, unknown>>, index: number, reading: Reading): readonly MachineSetup[] {
  const name = typeof item['name'] === 'string' && item['name'] !== '' ? item['name'] : `item ${index + 1}`;
  warnOfUnknown(item, ITEM_FIELDS, name, reading);
  const { machineParams, userdata } = item;
  if (typeof userdata !== 'string' || userdata.trim() === '') reading.problems.push(`${name}: userdata is missing`);
  else if (/^(#cloud-config|## template:)/.test(userdata)) {
    reading.problems.push(
      `${name}: userdata has to be a shell script, variables are put before it; it is cloud-config`,
    );
  }
  if (!Array.isArray(machineParams) || machineParams.length === 0) {
    reading.problems.push(`${name}: machineParams is missing or empty`);
    return [];
  }
  return machineParams.flatMap((params, place) => {
    const about = machineParams.length === 1 ? name : `${name}, combination ${place + 1}`;
    return parseParams(asRecord(params), { name: about, userdata: String(userdata) }, reading);
  });
}

function parseParams(
  params: Readonly<Record<string, unknown>>,
  { name, userdata }: Pick<MachineSetup, 'name' | 'userdata'>,
  reading: Reading,
): readonly MachineSetup[] {
  const versions = asRecord(params['versions']);
  warnOfUnknown(params, PARAM_FIELDS, name, reading);
  warnOfUnknown(versions, VERSION_FIELDS, `${name}, versions`, reading);
  const image = textOf(params['image']);
  const [kubelet, controlPlane] = [textOf(versions['kubelet']), textOf(versions['controlPlane'])];
  const [arch, kubeadm] = [textOf(params['arch']), textOf(params['kubeadmConfigVersion'])];
  if (image === '') reading.problems.push(`${name}: image is missing`);
  if (!isVersionPattern(kubelet)) reading.problems.push(`${name}: ${versionProblem('kubelet', kubelet)}`);
  if (controlPlane !== '' && !isVersionPattern(controlPlane)) {
    reading.problems.push(`${name}: ${versionProblem('controlPlane', controlPlane)}`);
  }
  if (kubeadm !== '' && !isKubeadmConfigVersion(kubeadm)) {
    reading.problems.push(`${name}: kubeadmConfigVersion ${kubeadm} cannot be written, only v1beta3 and v1beta4`);
  }
  return [
    {
      name,
      image,
      versions: { kubelet, ...(controlPlane === '' ? {} : { controlPlane }) },
      containerRuntime: textOf(params['containerRuntime']),
      userdata,
      ...(arch === '' ? {} : { arch }),
      ...(isKubeadmConfigVersion(kubeadm) ? { kubeadmConfigVersion: kubeadm } : {}),
    },
  ];
}

function versionProblem(field: string, value: string): string {
  if (value === '') return `versions.${field} is missing`;
  return `versions.${field} ${JSON.stringify(value)} is not a version (1.36.3) or pattern (1.36.x); numbers have to be quoted`;
}

function isKubeadmConfigVersion(text: string): text is KubeadmConfigVersion {
  return text === 'v1beta3' || text === 'v1beta4';
}

function warnOfUnknown(
  fields: Readonly<Record<string, unknown>>,
  known: readonly string[],
  about: string,
  reading: Reading,
): void {
  for (const field of Object.keys(fields)) {
    if (!known.includes(field)) reading.warnings.push(`${about}: field ${field} is not known and is ignored`);
  }
}

function isControlPlane({ versions }: Pick<SetupRequest, 'versions'>): boolean {
  return versions.controlPlane !== undefined;
}

function isExact({ versions }: MachineSetup): boolean {
  return !`${versions.kubelet} ${versions.controlPlane ?? ''}`.includes('x');
}

function fitsArch(setup: MachineSetup, { arch }: SetupRequest): boolean {
  return setup.arch === undefined || arch === undefined || setup.arch === arch;
}

function matchesVersions({ versions }: MachineSetup, request: SetupRequest): boolean {
  const { kubelet, controlPlane } = request.versions;
  if (!matchesVersion(versions.kubelet, kubelet)) return false;
  return controlPlane === undefined || matchesVersion(versions.controlPlane ?? '', controlPlane);
}

function unknownImage(setups: readonly MachineSetup[], { image, arch }: SetupRequest): SetupChoice {
  const ofArch = arch === undefined ? '' : ` on ${arch}`;
  if (image === '')
    return { problem: 'unknown-image', message: `no image (OS) is given: known are ${imagesOf(setups)}` };
  const message = `no entry of the machine configuration serves image ${image}${ofArch}: known are ${imagesOf(setups)}`;
  return { problem: 'unknown-image', message };
}

function imagesOf(setups: readonly MachineSetup[]): string {
  return [...new Set(setups.map(({ image }) => image))].join(', ') || 'none';
}

function noVersion(
  ofImage: readonly MachineSetup[],
  ofRole: readonly MachineSetup[],
  request: SetupRequest,
): SetupChoice {
  const { kubelet } = request.versions;
  const wanted = versionsText(request.versions);
  const isOtherRole = ofImage.some(
    (setup) => !ofRole.includes(setup) && matchesVersion(setup.versions.kubelet, kubelet),
  );
  const nearest = nearestOf(ofRole, kubelet);
  if (!isOtherRole) {
    const text = nearest === '' ? 'it has no entry for this role' : `nearest are ${nearest}`;
    const message = `no entry of the machine configuration serves ${wanted} on image ${request.image}: ${text}`;
    return { problem: 'unknown-version', message };
  }
  const [missing, only] = isControlPlane(request)
    ? ['control plane entry (versions.controlPlane)', 'worker entries']
    : ['worker entry (without versions.controlPlane)', 'control plane entries'];
  const others = nearest === '' ? '' : `; nearest of this role are ${nearest}`;
  const message = `the ${missing} for ${wanted} on image ${request.image} is missing: there are only ${only} of this version${others}`;
  return { problem: 'other-role-only', message };
}

function nearestOf(setups: readonly MachineSetup[], kubelet: string): string {
  const versions = [...new Set(setups.map(({ versions: one }) => versionsText(one)))];
  const distance = (text: string): number => versionDistance(/[\d.x]+/.exec(text)?.[0] ?? '', kubelet);
  return versions
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, NEAREST)
    .join(', ');
}

function versionsText({ kubelet, controlPlane }: SetupRequest['versions']): string {
  return controlPlane === undefined ? `kubelet ${kubelet}` : `kubelet ${kubelet} with control plane ${controlPlane}`;
}

function ambiguous(setups: readonly MachineSetup[], { image, versions }: SetupRequest): SetupChoice {
  const names = setups.map(({ name }) => `"${name}"`).join(', ');
  const message = `the machine configuration is ambiguous for ${versionsText(versions)} on image ${image}: entries ${names} match`;
  return { problem: 'ambiguous', message };
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw invalidConfigs(path, [`it is not YAML (${error instanceof Error ? error.message.split('\n')[0] : ''})`]);
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

function invalidConfigs(path: string, problems: readonly string[]): OperatorError {
  return new OperatorError(
    'MACHINE_CONFIGS_INVALID',
    `the machine configuration ${path} cannot be used: ${problems.join('; ')}`,
    onChange,
  );
}
