// `clusterctl generate` and generate-yaml.sh: the environment to four files. Everything is read and checked before the first file is written.
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { messageOf } from '@longshore/reconciler-core';
import { decodeSshKeys } from '../api/ssh-keys.ts';
import { DEFAULT_IMAGE } from './component-names.ts';
import { FILE_NAMES, planFiles, SHIPPED_MACHINE_CONFIGS } from './plan-files.ts';
import type { GeneratedFile } from './plan-files.ts';
import { randomClusterName, readSettings } from './settings.ts';
import type { Environment, EnvironmentSettings, GenerateSettings } from './settings.ts';

/** Options of the command; paths count from the working folder. */
export interface GenerateOptions {
  /** Where the files go. */
  readonly output: string;
  /** Overwrite files that exist. */
  readonly force: boolean;
  /** Image of the managers; default: DEFAULT_IMAGE. */
  readonly image?: string | undefined;
  /** Path of a machine_configs.yaml; default: the shipped one. */
  readonly machineConfigs?: string | undefined;
}

/** What the command needs of the machine that it runs on. */
export interface GenerateIo {
  readonly env: Environment;
  /** `undefined`: there is no such file. */
  readonly readFile: (file: string) => Promise<Uint8Array | undefined>;
  /** Makes folders; the content is there as a whole or not at all. */
  readonly writeFile: (file: string, text: string, mode: number) => Promise<void>;
  /** To the user. */
  readonly print: (line: string) => void;
  /** 0 to below - 1; default: the system's random numbers. */
  readonly randomInt?: (below: number) => number;
}

/** Made, or why not; `problems` are lines for the user. */
export type GenerateResult =
  | { readonly clusterName: string; readonly files: readonly string[]; readonly problems?: undefined }
  | { readonly problems: readonly string[] };

/** Writes the files; on a problem none. The last line that is printed names the cluster. */
export async function generateFiles(options: GenerateOptions, io: GenerateIo): Promise<GenerateResult> {
  const { settings: found, problems: wrong } = readSettings(io.env, () => randomClusterName(io.randomInt ?? randomInt));
  if (wrong !== undefined) return { problems: wrong };
  const reading = await readInputs(found, options, io);
  const problems = [...reading.problems, ...(options.force ? [] : await existing(options.output, io))];
  if (problems.length > 0) return { problems };
  const files = plan(reading.settings);
  if (typeof files === 'string') return { problems: [files] };
  for (const { name, text, mode } of files) {
    const file = path.join(options.output, name);
    await io.writeFile(file, text, mode);
    io.print(`Generated ${file}`);
  }
  io.print(`Your cluster name is '${found.clusterName}'`);
  return { clusterName: found.clusterName, files: files.map(({ name }) => path.join(options.output, name)) };
}

// A machine_configs.yaml that somebody changed may be no YAML, or have no entry that fits.
function plan(settings: GenerateSettings): readonly GeneratedFile[] | string {
  try {
    return planFiles(settings);
  } catch (error) {
    return messageOf(error);
  }
}

interface Inputs {
  readonly settings: GenerateSettings;
  readonly problems: readonly string[];
}

async function readInputs(
  { sshKeyPath, ...found }: EnvironmentSettings,
  { image = DEFAULT_IMAGE, machineConfigs: configPath }: GenerateOptions,
  { readFile }: GenerateIo,
): Promise<Inputs> {
  const sshKeyFile = sshKeyPath === undefined ? undefined : await readFile(sshKeyPath);
  const configs = configPath === undefined ? undefined : await readFile(configPath);
  const problems = [
    ...(sshKeyPath === undefined ? [] : sshKeyProblems(sshKeyPath, sshKeyFile)),
    ...(configPath !== undefined && configs === undefined
      ? [`there is no file ${configPath} (--machine-configs)`]
      : []),
  ];
  const machineConfigs = configs === undefined ? SHIPPED_MACHINE_CONFIGS : Buffer.from(configs).toString('utf8');
  return { settings: { ...found, image, machineConfigs, ...(sshKeyFile && { sshKeyFile }) }, problems };
}

function sshKeyProblems(file: string, content: Uint8Array | undefined): readonly string[] {
  if (content === undefined) return [`SSH_KEY: there is no file ${file}`];
  const isKey = decodeSshKeys(Buffer.from(content).toString('utf8')).length > 0;
  return isKey ? [] : [`SSH_KEY: ${file} is no public key, such as ~/.ssh/id_ed25519.pub`];
}

async function existing(folder: string, { readFile }: GenerateIo): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of FILE_NAMES) if ((await readFile(path.join(folder, name))) !== undefined) found.push(name);
  if (found.length === 0) return [];
  return [
    `${folder} has ${found.join(', ')} already: remove what you do not need, or overwrite it with -f (--force-overwrite)`,
  ];
}
