// Builds everything of a release into a folder. Nothing leaves this machine.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { OperatorError, never } from '@longshore/reconciler-core';
import { imageApps } from '../../app-names.ts';
import type { ImageApp } from '../../app-names.ts';
import { imageCache, root } from '../../config.ts';
import type { ImageReport } from '../../write-images.ts';
import { sectionOf } from '../change-log.mjs';
import {
  MANIFESTS,
  pinImages,
  providerComponentsPath,
  renderBase,
  renderManifest,
  taggedImage,
} from './app-manifests.ts';
import type { WholeReleaseOptions } from './options.ts';
import { packLibraries } from './pack-libraries.ts';
import { buildProgramAsset } from './program-assets.ts';
import { checksumsFile, planPublishing, publishScript } from './release-plan.ts';
import type { Built, PublishStep } from './release-plan.ts';
import { renderPage, versionedPages } from './versioned-pages.ts';

type Say = (line: string) => void;

/** Builds it; resolves with what publishing would do. */
export async function buildRelease(
  options: WholeReleaseOptions,
  { version, commit, say }: { readonly version: string; readonly commit: string; readonly say: Say },
): Promise<readonly PublishStep[]> {
  const folder = path.resolve(options.folder);
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'assets'), { recursive: true });
  if (options.isBuilding) runNx();
  say('Images');
  const images = await imageReports(options, folder);
  const imageOf = (app: ImageApp): string => pinnedImage(app, images);
  say('Manifests');
  const providerComponents = await writeManifests(folder, { version, imageOf });
  say('Libraries');
  const { repository } = options;
  const libraries = await packLibraries({ root, version, repository, folder: path.join(folder, 'libraries') });
  say('Programs');
  for (const platform of options.platforms) {
    const place = path.join(folder, 'assets');
    await buildProgramAsset(platform, {
      root,
      cacheFolder: imageCache(),
      version,
      providerComponents,
      images: Object.fromEntries(imageApps.map((app) => [app, imageOf(app)])) as Record<ImageApp, string>,
      folder: place,
      say,
    });
  }
  await writeFile(path.join(folder, 'assets/SHA256SUMS'), checksumsFile(await checksums(path.join(folder, 'assets'))));
  const assets = (await readdir(path.join(folder, 'assets'))).toSorted();
  const built: Built = { version, commit, repository, images, libraries, assets };
  const steps = planPublishing(built);
  await writeFile(path.join(folder, 'notes.md'), await notesOf(built));
  await writeFile(path.join(folder, 'publish.sh'), publishScript(steps, built), { mode: 0o755 });
  return steps;
}

/** Writes manifests, bases and pages of a version into the tree, with tags and without digests; resolves with their paths. */
export async function writeTree(version: string, place = root): Promise<readonly string[]> {
  const imageOf = (app: ImageApp): string => taggedImage(app, version);
  const written: string[] = [];
  for (const source of MANIFESTS) {
    const text = await readFile(path.join(root, 'apps', source.app, source.from), 'utf8');
    written.push(
      await write(
        place,
        `apps/${source.app}/${source.to(version)}`,
        renderManifest(source, text, { version, imageOf }),
      ),
    );
  }
  for (const app of imageApps) {
    const base = `apps/${app}/kustomization.yaml`;
    written.push(await write(place, base, renderBase(await readFile(path.join(root, base), 'utf8'), version)));
  }
  for (const page of versionedPages(await readdir(path.join(root, 'docs/guides')))) {
    if (!existsSync(path.join(root, page))) continue;
    written.push(await write(place, page, renderPage(await readFile(path.join(root, page), 'utf8'), version)));
  }
  const components = await providerComponentsOf(taggedImage('capi-packet-manager', version));
  written.push(await write(place, `apps/capi-packet-manager/${providerComponentsPath(version)}`, components));
  return written;
}

async function writeManifests(
  folder: string,
  { version, imageOf }: { readonly version: string; readonly imageOf: (app: ImageApp) => string },
): Promise<string> {
  for (const source of MANIFESTS) {
    const text = await readFile(path.join(root, 'apps', source.app, source.from), 'utf8');
    const rendered = renderManifest(source, text, { version, imageOf });
    await write(folder, `manifests/${source.app}/${source.to(version)}`, rendered);
    if (source.asset) await write(folder, `assets/${source.asset(version)}`, rendered);
  }
  const tagged = await providerComponentsOf(taggedImage('capi-packet-manager', version));
  const components = pinImages(tagged, imageOf);
  await write(folder, `manifests/capi-packet-manager/${providerComponentsPath(version)}`, components);
  await write(folder, 'assets/provider-components.yaml', components);
  return components;
}

async function providerComponentsOf(image: string): Promise<string> {
  const script = path.join(root, 'apps/capi-packet-manager/src/generate/write-manifests.ts');
  const args = ['--conditions=@longshore/source', script, `--image=${image}`, '--output=-'];
  const { PACKET_API_URL: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 1 << 24 });
  return stdout;
}

async function imageReports(options: WholeReleaseOptions, folder: string): Promise<readonly ImageReport[]> {
  const text = options.imagesFile ? await readFile(options.imagesFile, 'utf8') : buildImages(options, folder);
  return JSON.parse(text) as readonly ImageReport[];
}

function buildImages({ prefix, platforms }: WholeReleaseOptions, folder: string): string {
  const linux = platforms.filter(({ os }) => os === 'linux').map(({ arch }) => `linux/${arch}`);
  const main = path.join(root, 'tools/image/src/main.ts');
  const wanted = [
    'all',
    '--no-build',
    '--format=oci-archive',
    `--platform=${linux.join(',') || 'linux/amd64'}`,
    '-o',
    'json',
  ];
  const place = [`--output=${path.join(folder, 'images')}`, `--prefix=${prefix}`];
  const args = ['--conditions=@longshore/source', main, ...wanted, ...place];
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (result.status === 0) return result.stdout;
  throw new OperatorError('RELEASE_IMAGE_UNUSABLE', 'the images could not be built: see above', never);
}

function pinnedImage(app: ImageApp, images: readonly ImageReport[]): string {
  const found = images.find(({ name }) => name === app);
  if (found) return `${found.image}@${found.digest}`;
  throw new OperatorError('RELEASE_IMAGE_UNUSABLE', `there is no image of ${app}: build all images`, never);
}

function runNx(): void {
  const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' };
  const nx = path.join(root, 'node_modules/.bin/nx');
  const result = spawnSync(nx, ['run-many', '-t', 'build', '--output-style=static'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  if (result.status === 0) return;
  throw new OperatorError('RELEASE_SETTINGS_INVALID', 'the projects could not be built: see above', never);
}

async function checksums(folder: string): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>();
  for (const name of await readdir(folder)) {
    sums.set(
      name,
      createHash('sha256')
        .update(await readFile(path.join(folder, name)))
        .digest('hex'),
    );
  }
  return sums;
}

async function notesOf({ version, images }: Built): Promise<string> {
  const changes = sectionOf(await readFile(path.join(root, 'CHANGELOG.md'), 'utf8'), version) ?? '';
  const rows = images.map(({ name, image, digest }) => `| ${name} | \`${image}@${digest}\` |`);
  return `${changes}\n\n## Images\n\n| app | image |\n|---|---|\n${rows.join('\n')}\n\nChecksums of the files: \`sha256sum --check SHA256SUMS\`.\n`;
}

async function write(folder: string, name: string, content: string): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return name;
}
