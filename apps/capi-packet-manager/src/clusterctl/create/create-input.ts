// Reads and checks all files of `create cluster`; nothing is made here. All problems come in one message.
import { join } from 'node:path';
import { homedir } from 'node:os';
import { PACKET_SETTINGS, readSetting } from '@longshore/packet-api';
import { messageOf } from '@longshore/reconciler-core';
import type { Cluster } from '../../api/objects.ts';
import { readClusterProviderSpec } from '../../api/packet-specs.ts';
import type { Host } from '../host.ts';
import { readCluster, readMachines } from '../input/cluster-input.ts';
import type { ClusterInput, MachinesInput } from '../input/cluster-input.ts';
import { componentProblems, needsCredentials, withCredentials } from '../input/components.ts';
import type { Credentials } from '../input/components.ts';
import { parseDocuments } from '../input/documents.ts';
import type { ParsedFile } from '../input/documents.ts';
import { podNetworkProblems } from '../input/pod-network-problem.ts';
import { setupProblems } from '../input/preflight.ts';
import { hashOf } from '../journal/journal.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { failure, listed } from '../problem.ts';
import type { CreateOptions } from './create-options.ts';

/** The files, understood. */
export interface CreateInput {
  readonly input: ClusterInput;
  /** With the credentials filled in. */
  readonly components: readonly AnyObject[];
  readonly addons: readonly AnyObject[];
  readonly bootstrapOnly: readonly AnyObject[];
  /** Names the content of each file. */
  readonly hashes: {
    readonly cluster: string;
    readonly machines: string;
    readonly components: string;
    readonly addons: string;
  };
  readonly projectId: string;
}

/** Rejects with CTL_INPUT_INVALID and every problem of every file. */
export async function readCreateInput(options: CreateOptions, host: Host): Promise<CreateInput> {
  const files: Files = {
    cluster: await readFile(options.cluster, host),
    machines: await readFile(options.machines, host),
    components: await readFile(options.providerComponents, host),
    addons: await readOptional(options.addonComponents, host),
    bootstrapOnly: await readOptional(options.bootstrapOnlyComponents, host),
  };
  const { cluster, machines, problems } = understand(files);
  const components = fillIn(files.components.objects, host.env);
  const input = cluster && machines ? { ...machines, cluster } : undefined;
  const across = input
    ? [...setupProblems(input, components.objects), ...podNetworkProblems(input.cluster, files.addons.objects)]
    : [];
  const all = [...problems, ...components.problems, ...across];
  if (!input || all.length > 0) throw failure('CTL_INPUT_INVALID', listed('nothing was created:', all));
  return {
    input,
    components: components.objects,
    addons: fillIn(files.addons.objects, host.env).objects,
    bootstrapOnly: files.bootstrapOnly.objects,
    hashes: {
      cluster: files.cluster.hash,
      machines: files.machines.hash,
      components: files.components.hash,
      addons: files.addons.hash,
    },
    projectId: projectOf(input.cluster),
  };
}

/** The project of a Cluster. */
export function projectOf(cluster: Cluster): string {
  return readClusterProviderSpec(cluster).spec?.projectID ?? '';
}

interface HashedFile extends ParsedFile {
  readonly hash: string;
}

interface Files {
  readonly cluster: HashedFile;
  readonly machines: HashedFile;
  readonly components: HashedFile;
  readonly addons: HashedFile;
  readonly bootstrapOnly: HashedFile;
}

interface Understood {
  readonly cluster: Cluster | undefined;
  readonly machines: MachinesInput | undefined;
  readonly problems: readonly string[];
}

function understand({
  cluster: clusterFile,
  machines: machinesFile,
  components,
  addons,
  bootstrapOnly,
}: Files): Understood {
  const cluster = readCluster(clusterFile);
  const problems = [
    ...components.problems,
    ...(components.problems.length > 0 ? [] : componentProblems(components.path, components.objects)),
    ...addons.problems,
    ...bootstrapOnly.problems,
  ];
  if (!('input' in cluster))
    return {
      cluster: undefined,
      machines: undefined,
      problems: [...cluster.problems, ...machinesFile.problems, ...problems],
    };
  const { namespace = 'default', name = '' } = cluster.input.metadata ?? {};
  const machines = readMachines(machinesFile, { namespace, name });
  if (!('input' in machines))
    return { cluster: cluster.input, machines: undefined, problems: [...machines.problems, ...problems] };
  return { cluster: cluster.input, machines: machines.input, problems };
}

/** Puts the credentials of the environment where placeholders stand. Pure. */
export function fillIn(
  objects: readonly AnyObject[],
  env: Host['env'],
): { readonly objects: readonly AnyObject[]; readonly problems: readonly string[] } {
  const credentials = credentialsOf(env);
  if (credentials) return { objects: withCredentials(objects, credentials), problems: [] };
  if (!needsCredentials(objects)) return { objects, problems: [] };
  const missing = (['apiKey', 'projectId'] as const)
    .filter((row) => readSetting(PACKET_SETTINGS[row], { env }) === undefined)
    .map((row) => (row === 'apiKey' ? 'PACKET_API_KEY' : 'PACKET_PROJECT_ID'));
  return {
    objects,
    problems: missing.map((name) => `${name} is not set: the credentials Secret holds only placeholders`),
  };
}

/** From PACKET_API_KEY and PACKET_PROJECT_ID, or their other names; `undefined` unless both are there. */
export function credentialsOf(env: Host['env']): Credentials | undefined {
  const apiKey = readSetting(PACKET_SETTINGS.apiKey, { env })?.text;
  const projectId = readSetting(PACKET_SETTINGS.projectId, { env })?.text;
  return apiKey === undefined || projectId === undefined ? undefined : { apiKey, projectId };
}

/** Reads and parses one file; rejects with the path when it cannot be read. */
export async function readFile(path: string, host: Host): Promise<HashedFile> {
  try {
    const text = await host.readText(path);
    return { ...parseDocuments({ path, text }), hash: hashOf(text) };
  } catch (error) {
    throw failure('CTL_INPUT_INVALID', `cannot read ${path}: ${messageOf(error)}`, error);
  }
}

function readOptional(path: string | undefined, host: Host): Promise<HashedFile> {
  return path === undefined ? Promise.resolve({ path: '', objects: [], problems: [], hash: '' }) : readFile(path, host);
}

/** `--state-dir`, or a folder below $XDG_STATE_HOME. */
export function stateFolder(given: string | undefined, name: string, env: Host['env']): string {
  if (given !== undefined) return given;
  const home = env['XDG_STATE_HOME'];
  return join(
    home === undefined || home === '' ? join(env['HOME'] ?? homedir(), '.local', 'state') : home,
    'clusterctl',
    name,
  );
}
