// Where a binary is taken from, in which order, and why a source is left out. Pure: acquire.ts tries the steps one by one.
import { join } from 'node:path';
import { CATALOGUE, moduleFolderOf, versionOf } from './catalogue.ts';
import type { BinaryName } from './catalogue.ts';
import { DEFAULT_MINOR } from '../versions.ts';
import type { Minor } from '../versions.ts';

/** Settings from the environment, read once by config.ts. */
export interface SourceSettings {
  /** KUBEBUILDER_ASSETS */
  readonly assetsFolder?: string;
  /** LONGSHORE_CACHE or the XDG default */
  readonly cacheFolder: string;
  /** LONGSHORE_ENVTEST_URL */
  readonly envtestUrl?: string;
}

/** What the plan depends on beside the settings. */
export interface SourceFacts {
  readonly name: BinaryName;
  /** Absent: nobody asked for a special one. */
  readonly minor: Minor | undefined;
  readonly settings: SourceSettings;
  readonly platform: Platform;
  /** tools/go, when this is a source tree. */
  readonly goModules: string | undefined;
  /** `go1.26.8`, when Go is there. */
  readonly goVersion: string | undefined;
}

/** Operating system and processor in Go's words. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/** One place to try. */
export type Source =
  | { readonly kind: 'assets'; readonly path: string; readonly mustBeMinor: Minor | undefined }
  | { readonly kind: 'cache'; readonly path: string }
  | { readonly kind: 'any-cached-build'; readonly folderPrefix: string; readonly name: BinaryName }
  | { readonly kind: 'envtest'; readonly url: string; readonly folder: string }
  | { readonly kind: 'go-build'; readonly module: string; readonly path: string; readonly version: string };

/** The sources in their order, and for each that is left out one clause for the error message. */
export interface SourcePlan {
  readonly sources: readonly Source[];
  readonly leftOut: readonly string[];
}

/** Plans the search for one binary. */
export function planSources(facts: SourceFacts): SourcePlan {
  const { name, settings, goVersion } = facts;
  const entry = CATALOGUE[name];
  const version = versionOf(name, facts.minor ?? DEFAULT_MINOR);
  const prefix = join(settings.cacheFolder, `${entry.family}-v${version}-${facts.platform.os}-${facts.platform.arch}`);
  const archive = planArchive(facts);
  const sources: Source[] = [];
  const leftOut: string[] = [];

  if (settings.assetsFolder) {
    const mustBeMinor = entry.saysVersion ? facts.minor : undefined;
    sources.push({ kind: 'assets', path: join(settings.assetsFolder, name), mustBeMinor });
  } else leftOut.push('KUBEBUILDER_ASSETS is not set');

  // A build of another Go does only where this machine cannot make one of its own.
  if (goVersion) sources.push({ kind: 'cache', path: join(`${prefix}-${goVersion}`, name) });
  else sources.push({ kind: 'any-cached-build', folderPrefix: `${prefix}-go`, name });

  if (entry.isInEnvtest) sources.push({ kind: 'cache', path: join(archive.folder, name) });

  if (settings.envtestUrl && entry.isInEnvtest) sources.push({ kind: 'envtest', ...archive });
  else
    leftOut.push(
      settings.envtestUrl ? `the envtest archive does not hold ${name}` : 'LONGSHORE_ENVTEST_URL is not set',
    );

  const goBuild = planGoBuild(facts, prefix, version);
  if (typeof goBuild === 'string') leftOut.push(goBuild);
  else sources.push(goBuild);
  return { sources, leftOut };
}

function planGoBuild(facts: SourceFacts, prefix: string, version: string): Source | string {
  const { name, minor = DEFAULT_MINOR, goModules, goVersion } = facts;
  if (!goModules) return 'no Go modules beside the installed package (they are in tools/go of the source tree)';
  if (!goVersion) return 'the command "go" was not found';
  const module = join(goModules, moduleFolderOf(name, minor));
  return { kind: 'go-build', module, path: join(`${prefix}-${goVersion}`, name), version };
}

// Archives go by the Kubernetes version and hold an etcd of their own choice.
function planArchive({ minor = DEFAULT_MINOR, platform: { os, arch }, settings }: SourceFacts): {
  url: string;
  folder: string;
} {
  const version = versionOf('kube-apiserver', minor);
  const url = (settings.envtestUrl ?? '')
    .replaceAll('{version}', version)
    .replaceAll('{os}', os)
    .replaceAll('{arch}', arch);
  return { url, folder: join(settings.cacheFolder, `kubernetes-v${version}-${os}-${arch}-envtest`) };
}

/** Node's words for the machine in Go's. */
export function platformOf(nodePlatform: string, nodeArch: string): Platform {
  return { os: nodePlatform, arch: nodeArch === 'x64' ? 'amd64' : nodeArch };
}

/** The message when no source had the binary: what was tried, and the three ways to supply it. */
export function missingBinaryMessage(label: string, leftOut: readonly string[]): string {
  return (
    `${label} could not be had (${leftOut.join('; ')}). Supply it in one of three ways: ` +
    'set KUBEBUILDER_ASSETS to a folder that holds the binaries; ' +
    'set LONGSHORE_ENVTEST_URL to the address of the envtest archives; ' +
    'or install Go and run from the source tree, which builds them once.'
  );
}

/** The minor in what `--version` prints, for example `Kubernetes v1.36.3`. */
export function minorInVersionOutput(output: string): string | undefined {
  return /v(\d+\.\d+)\.\d+/.exec(output)?.[1];
}
