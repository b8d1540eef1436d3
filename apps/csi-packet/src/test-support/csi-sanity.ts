// Runs the real csi-sanity against a socket and reads its report.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireBinary } from '@longshore/embedded-control-plane';

/** What to run. */
export interface SanityRun {
  readonly endpoint: string;
  /** A folder of its own: for mounts, staging and the report. */
  readonly folder: string;
  /** Further flags of csi-sanity. */
  readonly flags?: readonly string[];
}

/** Names of cases by how they ended. Those that the flags leave out are in none. */
export interface SanityResult {
  readonly passed: readonly string[];
  /** With what went wrong. */
  readonly failed: readonly string[];
  /** Skipped by the suite itself, with its reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly pending: readonly string[];
}

interface SpecReport {
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly State: string;
  readonly Failure?: { readonly Message?: string };
}

/** The binary; built once per machine. */
export function acquireSanity(): Promise<string> {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  return acquireBinary('csi-sanity', undefined, { onProgress });
}

/** Runs to the end. */
export async function runSanity(binary: string, { endpoint, folder, flags = [] }: SanityRun): Promise<SanityResult> {
  const report = join(folder, 'report.json');
  const paths = [`--csi.mountdir=${join(folder, 'mount')}`, `--csi.stagingdir=${join(folder, 'staging')}`];
  const args = [
    `--csi.endpoint=${endpoint}`,
    ...paths,
    `--ginkgo.json-report=${report}`,
    '--ginkgo.no-color',
    ...flags,
  ];
  const child = spawn(binary, args, { stdio: 'ignore', cwd: folder });
  await once(child, 'exit');
  const suites = JSON.parse(await readFile(report, 'utf8')) as readonly {
    readonly SpecReports: readonly SpecReport[];
  }[];
  return sort(suites.flatMap(({ SpecReports }) => SpecReports).filter(({ LeafNodeType }) => LeafNodeType === 'It'));
}

function sort(specs: readonly SpecReport[]): SanityResult {
  const named = specs.map((spec) => ({
    state: spec.State,
    name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' '),
    reason: spec.Failure?.Message ?? '',
  }));
  const of = (...states: readonly string[]) => named.filter(({ state }) => states.includes(state));
  // Cases that a focus or skip flag leaves out are `skipped` too, but without a reason.
  const skipped = of('skipped').filter(({ reason }) => reason !== '');
  return {
    passed: of('passed').map(({ name }) => name),
    failed: named
      .filter(({ state }) => !['passed', 'skipped', 'pending'].includes(state))
      .map(({ name, reason }) => `${name}: ${reason}`),
    skipped: skipped.map(({ name, reason }) => ({ name, reason })),
    pending: of('pending').map(({ name }) => name),
  };
}
