// What the four files are made from: the environment, as generate-yaml.sh always had it. Pure; every problem is reported at once.
import { MAX_CLUSTER_NAME_LENGTH } from '../api/validate-cluster.ts';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says, before files are read. */
export interface EnvironmentSettings {
  readonly projectID: string;
  readonly apiKey: string;
  readonly clusterName: string;
  readonly facilities: readonly string[];
  /** Path of a file with public keys. */
  readonly sshKeyPath?: string;
  readonly apiUrl?: string;
}

/** All that the files are made from. */
export interface GenerateSettings extends Omit<EnvironmentSettings, 'sshKeyPath'> {
  /** Content of the file of SSH_KEY. */
  readonly sshKeyFile?: Uint8Array;
  /** Image of the managers. */
  readonly image: string;
  /** Text of machine_configs.yaml. */
  readonly machineConfigs: string;
}

/** Settings, or all that is wrong. */
export type SettingsReading =
  | { readonly settings: EnvironmentSettings; readonly problems?: undefined }
  | { readonly problems: readonly string[]; readonly settings?: undefined };

/** Defaults of the seed. */
export const DEFAULT_FACILITY = 'ewr1';

/** The variables and what they are for, for `--help`. */
export const GENERATE_VARIABLES: readonly (readonly [name: string, help: string])[] = [
  ['PACKET_PROJECT_ID', 'Packet project ID (required)'],
  ['PACKET_API_KEY', 'Packet API key (required)'],
  ['CLUSTER_NAME', 'name of the cluster (default: test1- and five random characters)'],
  ['FACILITY', `facility of the machines, or several with commas (default: ${DEFAULT_FACILITY})`],
  ['SSH_KEY', 'path of an ssh public key for all machines (default: the ssh keys of the project)'],
  ['PACKET_API_URL', 'address of the Packet API, with or without /metal/v1 (default: the public one)'],
];

/** Reads the environment. `randomName` is asked when there is no CLUSTER_NAME. */
export function readSettings(env: Environment, randomName: () => string): SettingsReading {
  const settings = {
    projectID: textOf(env, 'PACKET_PROJECT_ID'),
    apiKey: textOf(env, 'PACKET_API_KEY'),
    clusterName: textOf(env, 'CLUSTER_NAME') || randomName(),
    facilities: listOf(textOf(env, 'FACILITY') || DEFAULT_FACILITY),
  };
  const sshKeyPath = env['SSH_KEY'] ?? '';
  const apiUrl = textOf(env, 'PACKET_API_URL');
  const problems = [
    ...required('PACKET_PROJECT_ID', settings.projectID, 'the ID of your Packet project'),
    ...required('PACKET_API_KEY', settings.apiKey, 'your Packet API key'),
    ...nameProblems(settings.clusterName),
    ...facilityProblems(settings.facilities),
    ...urlProblems(apiUrl),
  ];
  if (problems.length > 0) return { problems };
  return { settings: { ...settings, ...(sshKeyPath && { sshKeyPath }), ...(apiUrl && { apiUrl }) } };
}

/** `test1-` and five characters out of 36, drawn without bias from `nextInt`. */
export function randomClusterName(nextInt: (below: number) => number): string {
  const characters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return `test1-${Array.from({ length: 5 }, () => characters[nextInt(characters.length)]).join('')}`;
}

function textOf(env: Environment, name: string): string {
  return (env[name] ?? '').trim();
}

function listOf(text: string): readonly string[] {
  return [...new Set(text.split(',').map((item) => item.trim()))].filter((item) => item !== '');
}

function required(name: string, value: string, what: string): readonly string[] {
  if (value === '') return [`${name} is not set: give ${what}`];
  // A line break would be sent in a header or a path.
  return /^[\x21-\x7e]+$/.test(value) ? [] : [`${name} has characters that cannot be in ${what}`];
}

function nameProblems(name: string): readonly string[] {
  const isName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);
  if (!isName) return [`CLUSTER_NAME ${JSON.stringify(name)} is no name: lower case letters, digits and dashes inside`];
  return name.length <= MAX_CLUSTER_NAME_LENGTH
    ? []
    : [
        `CLUSTER_NAME has ${name.length} characters: at most ${MAX_CLUSTER_NAME_LENGTH}, because tags of devices end in it`,
      ];
}

function facilityProblems(facilities: readonly string[]): readonly string[] {
  const wrong = facilities.filter((code) => !/^[a-z0-9][-a-z0-9]*$/i.test(code));
  if (facilities.length === 0) return ['FACILITY names no facility'];
  return wrong.length === 0
    ? []
    : [`FACILITY ${wrong.map((code) => JSON.stringify(code)).join(', ')} is no code like ewr1`];
}

function urlProblems(text: string): readonly string[] {
  const isUrl = text === '' || /^https?:$/.test(URL.parse(text)?.protocol ?? '');
  return isUrl
    ? []
    : [`PACKET_API_URL ${JSON.stringify(text)} is no address like https://host or https://host/metal/v1`];
}
