// A release without credentials: counts from the tags of the working copy, builds the image here, writes the documents, and says what the
// real thing would do beside that. Nothing leaves this machine.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildImages, makeBases } from '../build-image.ts';
import { imageCache, imageTime, root } from '../config.ts';
import { targetOf } from '../oci-layout.ts';
import { archOf } from '../runtime-libraries.ts';
import { renderConfig, renderNotes } from './documents.ts';
import type { ReleaseOptions } from './options.ts';
import { formatVersion, newestOf, nextVersion, parseVersion } from './version.ts';

/** What a dry run works with. */
export interface DryRunTools {
  readonly git: (...args: readonly string[]) => string;
  readonly manifest: string;
  readonly repositoryUrl: string;
  readonly say: (line: string) => void;
}

/** Writes the documents below the folder, at the places where a release has them; resolves with the exit code. */
export async function dryRun(
  options: ReleaseOptions,
  { git, manifest, repositoryUrl, say }: DryRunTools,
): Promise<number> {
  say('Dry run: GITHUB_TOKEN, QUAY_BOT_USER and QUAY_BOT_PASS are not set, or --dry-run was given.');
  const tags = git('tag', '--list')
    .split('\n')
    .flatMap((tag) => parseVersion(tag) ?? []);
  const old = options.oldVersion ?? newestOf(tags) ?? { major: 0, minor: 0, patch: 0 };
  const version = formatVersion(nextVersion(old, options.increment, options.isPre));
  const commit = git('rev-parse', '--verify', '--quiet', `${options.ref}^{commit}`);
  const digest = await localDigest(say);
  const facts = { version, repositoryUrl, image: options.image, digest, commit };
  const config = renderConfig(await readFile(manifest, 'utf8'), facts);
  await write(options.folder, `releases/download/${version}/config.yml`, config);
  await write(options.folder, `releases/download/${version}/notes.md`, renderNotes(facts));
  if (!options.isPre) await write(options.folder, 'releases/latest/download/config.yml', config);
  say(`Version ${version}, commit ${commit}`);
  say(`Written to ${options.folder}: config.yml and notes.md of the release`);
  say('A real release would:');
  say(`  check that ${version} is free, that the tests of ${commit} passed and left the artifact tested-image`);
  say(
    `  push that image to ${options.image}:${version}${options.isPre ? '' : ', and as latest when it is the newest'}`,
  );
  say(
    `  make the tag ${version} and the ${options.isPre ? 'pre-release' : 'release'} with config.yml at ${repositoryUrl}`,
  );
  return 0;
}

async function localDigest(say: (line: string) => void): Promise<string> {
  const settings = {
    root,
    cacheFolder: imageCache(),
    isReusingLayers: true,
    platforms: [archOf(process.arch)],
    libraries: 'auto',
    created: imageTime(),
    prefix: 'longshore',
    labels: {},
    onProgress: (message: string) => say(`  ${message}`),
  } as const;
  return targetOf(await buildImages('cloudscale-ccm', await makeBases(settings), settings)).descriptor.digest;
}

async function write(folder: string, name: string, content: string): Promise<void> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}
