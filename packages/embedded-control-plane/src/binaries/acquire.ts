// Finds or makes an executable: walks the plan of source-plan.ts until one source has it. Called for each component before a
// control plane starts; with everything cached it costs a few milliseconds.
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OperatorError, assertNever, never } from '@longshore/reconciler-core';
import { processEnv, readSettings } from '../config.ts';
import { DEFAULT_MINOR } from '../versions.ts';
import type { Minor } from '../versions.ts';
import { versionOf } from './catalogue.ts';
import type { BinaryName } from './catalogue.ts';
import { fetchEnvtestArchive } from './envtest-archive.ts';
import { buildWithGo, readGoVersion } from './go-build.ts';
import { minorInVersionOutput, missingBinaryMessage, planSources, platformOf } from './source-plan.ts';
import type { Source, SourceFacts } from './source-plan.ts';

/** How binaries are found. */
export interface AcquireOptions {
  /** Told what takes long (downloads, builds), one line at a time. */
  readonly onProgress?: (message: string) => void;
  /** The environment with KUBEBUILDER_ASSETS, LONGSHORE_CACHE, LONGSHORE_ENVTEST_URL, PATH; this process's when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of the Go modules; tools/go of the source tree when absent, `null` for none. */
  readonly goModules?: string | null;
  /** Gives up a download, a build or a wait. */
  readonly signal?: AbortSignal | undefined;
}

interface Search {
  readonly name: BinaryName;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (message: string) => void;
  readonly lockPath: string;
  readonly signal: AbortSignal | undefined;
}

/** The path of an executable; built or downloaded when it is nowhere yet. `minor` absent means the default one. */
export async function acquireBinary(name: BinaryName, minor?: Minor, options: AcquireOptions = {}): Promise<string> {
  const env = options.env ?? processEnv();
  const facts = await observeFacts(name, minor, { ...options, env });
  const search: Search = {
    name,
    env,
    onProgress: options.onProgress ?? (() => {}),
    lockPath: join(facts.settings.cacheFolder, 'build.lock'),
    signal: options.signal,
  };
  const { sources, leftOut } = planSources(facts);
  const reasons = [...leftOut];
  for (const source of sources) {
    options.signal?.throwIfAborted();
    const found = await trySource(source, search);
    if ('path' in found) return found.path;
    if (found.reason) reasons.push(found.reason);
  }
  const label = `${name} ${versionOf(name, minor ?? DEFAULT_MINOR)}`;
  throw new OperatorError('CONTROL_PLANE_BINARY_MISSING', missingBinaryMessage(label, reasons), never);
}

async function observeFacts(
  name: BinaryName,
  minor: Minor | undefined,
  { env, goModules = findGoModules() }: AcquireOptions & { readonly env: NodeJS.ProcessEnv },
): Promise<SourceFacts> {
  return {
    name,
    minor,
    settings: readSettings(env),
    platform: platformOf(process.platform, process.arch),
    goModules: goModules ?? undefined,
    goVersion: goModules ? await readGoVersion(env) : undefined,
  };
}

type Found = { readonly path: string } | { readonly reason?: string };

async function trySource(source: Source, search: Search): Promise<Found> {
  switch (source.kind) {
    case 'assets':
      return tryAssets(source.path, source.mustBeMinor);
    case 'cache':
      return (await isExecutable(source.path)) ? { path: source.path } : {};
    case 'any-cached-build':
      return findCachedBuild(source.folderPrefix, source.name);
    case 'envtest':
      return tryEnvtest(source.url, source.folder, search);
    case 'go-build':
      return { path: await buildWithGo({ ...search, ...source }) };
    default:
      return assertNever(source);
  }
}

async function tryAssets(path: string, mustBeMinor: Minor | undefined): Promise<Found> {
  if (!(await isExecutable(path))) return { reason: `KUBEBUILDER_ASSETS holds no ${basename(path)}` };
  if (!mustBeMinor) return { path };
  const { stdout } = await promisify(execFile)(path, ['--version']);
  const minor = minorInVersionOutput(stdout);
  return minor === mustBeMinor ? { path } : { reason: `KUBEBUILDER_ASSETS holds ${stdout.trim()}, not ${mustBeMinor}` };
}

async function findCachedBuild(folderPrefix: string, name: BinaryName): Promise<Found> {
  const entries = await readdir(dirname(folderPrefix)).catch(() => []);
  const folders = entries.filter((entry) => entry.startsWith(basename(folderPrefix))).sort();
  for (const folder of folders.toReversed()) {
    const path = join(dirname(folderPrefix), folder, name);
    if (await isExecutable(path)) return { path };
  }
  return {};
}

async function tryEnvtest(url: string, folder: string, { name, onProgress, signal }: Search): Promise<Found> {
  onProgress(`downloading ${name} (${url})`);
  const problem = await fetchEnvtestArchive(url, folder, signal);
  const path = join(folder, name);
  if (await isExecutable(path)) return { path };
  return { reason: problem ?? `${url} holds no ${name}` };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

// From src/binaries and dist/binaries alike. An installed package has no tools/go beside it.
function findGoModules(): string | undefined {
  const folder = fileURLToPath(new URL('../../../../tools/go', import.meta.url));
  return existsSync(join(folder, 'etcd', 'go.mod')) ? folder : undefined;
}
