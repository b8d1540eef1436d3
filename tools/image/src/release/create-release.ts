// A release from beginning to end: look, check, ask, push the tested image, tag, publish. The image goes first: a release that names an
// image that is not there cannot be installed, an image without a release harms nobody.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OperatorError, never } from '@longshore/reconciler-core';
import { renderConfig, renderNotes } from './documents.ts';
import type { Hosting } from './hosting.ts';
import type { ImageRegistry } from './image-registry.ts';
import type { ReleaseOptions } from './options.ts';
import { checkPreflight, isNewest } from './preflight.ts';
import type { PreflightProblem, TestRun } from './preflight.ts';
import { unpackTestedImage } from './tested-image.ts';
import { compareVersions, formatVersion, newestOf, nextVersion, parseVersion } from './version.ts';
import type { Version } from './version.ts';

/** What a release works with. */
export interface ReleaseTools {
  readonly hosting: Hosting;
  readonly registry: ImageRegistry;
  /** Path of deploy/latest.yml. */
  readonly manifest: string;
  readonly repositoryUrl: string;
  /** The user's answer to a question. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly say: (line: string) => void;
}

/** What is going to be released. */
interface Plan {
  readonly version: Version;
  readonly commit: string;
  readonly run: TestRun | undefined;
  readonly released: readonly Version[];
  readonly problems: readonly PreflightProblem[];
}

/** Releases, or says why not; resolves with the exit code. */
export async function createRelease(options: ReleaseOptions, tools: ReleaseTools): Promise<number> {
  tools.say('Checking what is there …');
  const plan = await planRelease(options, tools);
  const name = formatVersion(plan.version);
  tools.say(`Version ${name}, commit ${plan.commit}`);
  for (const { isFatal, message } of plan.problems) tools.say(`${isFatal ? 'FATAL' : 'ERROR'}: ${message}`);
  const isFatal = plan.problems.some((problem) => problem.isFatal);
  if (isFatal || !plan.run || (plan.problems.length > 0 && !options.isForced)) return 1;
  if (!options.isConfirmed && !(await tools.confirm(`Do you want to release ${name}?`))) return 1;
  const page = await publish({ ...plan, run: plan.run }, options, tools);
  tools.say(`Success: ${page}`);
  return 0;
}

async function planRelease(options: ReleaseOptions, { hosting, registry }: ReleaseTools): Promise<Plan> {
  const releases = await hosting.releases();
  const released = releases.flatMap(({ tag }) => parseVersion(tag) ?? []);
  const old = options.oldVersion ?? newestOf(released) ?? { major: 0, minor: 0, patch: 0 };
  const version = nextVersion(old, options.increment, options.isPre);
  const commit = await hosting.commitOf(options.ref);
  const run = await hosting.testRun(commit);
  const isOnMain = options.isPre || (await hosting.isOnBranch(commit, 'main'));
  const loginProblem = await registry.login();
  const { tags, problem } = loginProblem ? { tags: [] } : await registry.tags();
  const registryProblem = loginProblem ?? problem;
  const facts = { version, commit, isOnMain, releases, imageTags: tags, run, registryProblem };
  return { version, commit, run, released, problems: checkPreflight(facts) };
}

async function publish(
  { version, commit, run, released }: Plan & { readonly run: TestRun },
  options: ReleaseOptions,
  { hosting, registry, manifest, repositoryUrl, say }: ReleaseTools,
): Promise<string> {
  const name = formatVersion(version);
  const isLatest = isNewest(version, released, compareVersions);
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-release-'));
  try {
    const image = await unpackTestedImage(await hosting.downloadImage(run), folder);
    // Before anything is pushed: a manifest without the image cannot be released.
    const facts = { version: name, repositoryUrl, image: options.image, digest: image.digest, commit };
    const config = renderConfig(await readFile(manifest, 'utf8'), facts);
    say(`Pushing ${options.image}:${name} ${image.digest}`);
    const pushed = await registry.push(image, name);
    if (pushed !== image.digest) throw otherDigest(image.digest, pushed);
    if (isLatest) await registry.tag(name, 'latest');
    if (options.isForced) await hosting.removeRelease(name);
    await hosting.createTag(name, commit);
    const release = { tag: name, commit, notes: renderNotes(facts), isPre: version.candidate !== undefined, isLatest };
    return await hosting.createRelease(release, new Map([['config.yml', config]]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function otherDigest(tested: string, pushed: string): OperatorError {
  const message = `the registry has ${pushed}, tested was ${tested}: nothing was tagged or released`;
  return new OperatorError('RELEASE_IMAGE_UNUSABLE', message, never);
}
