// Builds the images of one app: base layer, program layer, labels, list of parts. Called by main.ts, the release and the tests.
import path from 'node:path';
import { APP_IMAGES, imageRepository } from './app-names.ts';
import type { ImageApp } from './app-names.ts';
import { fileEntry, readBuiltApp } from './app-layer.ts';
import type { BuiltApp } from './app-layer.ts';
import type { Entry } from './archive.ts';
import { baseEntries } from './base-layer.ts';
import { makeLayer } from './layer.ts';
import type { Layer } from './layer.ts';
import type { LibrarySource } from './debian-files.ts';
import { findNode } from './node-binary.ts';
import { describeImage } from './oci.ts';
import type { Arch, Image } from './oci.ts';
import type { NamedImages } from './oci-layout.ts';
import { collectLibraries } from './runtime-libraries.ts';
import { writeSbom } from './sbom.ts';
import type { Component } from './sbom.ts';
import { collectTools } from './tool-layer.ts';

/** Where things are, and choices that hold for all images of a run. */
export interface BuildSettings {
  /** The root of the source tree. */
  readonly root: string;
  readonly cacheFolder: string;
  /** Whether layers that were compressed before are taken from the cache. */
  readonly isReusingLayers: boolean;
  readonly platforms: readonly Arch[];
  readonly libraries: LibrarySource;
  /** Of the image: RFC 3339. */
  readonly created: string;
  /** What stands before the app in the image's name. */
  readonly prefix: string;
  /** The whole name, in place of prefix, app and tag. */
  readonly reference?: string | undefined;
  /** The tag; absent: the version, as the app's tags have it. */
  readonly tag?: string | undefined;
  /** Further labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly onProgress: (message: string) => void;
}

/** The images of an app with what they were made of. */
export interface BuiltImages extends NamedImages {
  readonly app: ImageApp;
  readonly version: string;
  readonly parts: readonly ImageParts[];
}

/** One platform. */
export interface ImageParts {
  readonly image: Image;
  readonly entries: readonly Entry[];
  readonly sbom: Buffer;
}

/** What the images of a platform share. */
export interface Base {
  readonly arch: Arch;
  readonly layer: Layer;
  readonly entries: readonly Entry[];
  readonly components: readonly Component[];
}

/** Makes the shared layer for each platform that was asked for. */
export async function makeBases(settings: BuildSettings): Promise<readonly Base[]> {
  const bases: Base[] = [];
  for (const arch of settings.platforms) {
    settings.onProgress(`base of linux/${arch}`);
    bases.push(await makeBase(arch, settings));
  }
  return bases;
}

/** Builds an app on each of the bases. */
export async function buildImages(
  app: ImageApp,
  bases: readonly Base[],
  settings: BuildSettings,
): Promise<BuiltImages> {
  const built = await readBuiltApp(app, settings.root);
  const labels = labelsOf(app, built, settings);
  const parts: ImageParts[] = [];
  for (const base of bases) {
    settings.onProgress(`${app} for linux/${base.arch}`);
    parts.push(await buildPlatform({ app, built, base, labels }, settings));
  }
  const tag = settings.tag ?? `${APP_IMAGES[app].tagPrefix}${built.manifest.version}`;
  const reference = settings.reference ?? `${imageRepository(app, settings.prefix)}:${tag}`;
  const images = parts.map(({ image }) => image);
  return { app, version: built.manifest.version, reference, images, annotations: labels, parts };
}

async function makeBase(arch: Arch, settings: BuildSettings): Promise<Base> {
  const { root, cacheFolder, libraries, onProgress } = settings;
  const node = await findNode(arch, root, cacheFolder);
  const found = await collectLibraries({ arch, node: node.binary, from: libraries, cacheFolder });
  if (found.notice) onProgress(found.notice);
  const purl = `pkg:npm/node-linux-${arch === 'amd64' ? 'x64' : arch}@${node.version}`;
  const component = { name: 'node', version: node.version, license: 'MIT', purl };
  const entries = baseEntries(node, found.entries);
  const layer = await makeLayer(entries, layerCache(settings));
  return { arch, layer, entries, components: [component, ...found.components] };
}

function layerCache({ cacheFolder, isReusingLayers }: BuildSettings): string | undefined {
  return isReusingLayers ? cacheFolder : undefined;
}

interface PlatformParts {
  readonly app: ImageApp;
  readonly built: BuiltApp;
  readonly base: Base;
  readonly labels: Readonly<Record<string, string>>;
}

async function buildPlatform(parts: PlatformParts, settings: BuildSettings): Promise<ImageParts> {
  const { app, built, base, labels } = parts;
  const { created } = settings;
  const tools = await makeTools(app, base, settings);
  const packages = built.packages.map(({ notice: _, ...component }) => component);
  const components = [...base.components, ...tools.components, ...packages];
  const { version, license } = built.manifest;
  const sbom = writeSbom({ name: app, version, license, created, components });
  const entries = [...built.entries, fileEntry('sbom.spdx.json', sbom)];
  const layers = [base.layer, ...tools.layers, await makeLayer(entries, layerCache(settings))];
  const user = APP_IMAGES[app].isRoot ? { user: 0 } : {};
  const image = describeImage({ arch: base.arch, layers, created, labels, ...user });
  return { image, entries: [...base.entries, ...tools.entries, ...entries], sbom };
}

interface ToolParts {
  readonly layers: readonly Layer[];
  readonly entries: readonly Entry[];
  readonly components: readonly Component[];
}

async function makeTools(app: ImageApp, base: Base, settings: BuildSettings): Promise<ToolParts> {
  const { tools } = APP_IMAGES[app];
  if (tools === undefined) return { layers: [], entries: [], components: [] };
  const present = new Set(base.entries.map(({ path: file }) => path.posix.basename(file)));
  const { libraries: from, cacheFolder } = settings;
  const found = await collectTools({ tools, arch: base.arch, from, cacheFolder, present });
  if (found.notice) settings.onProgress(found.notice);
  const layer = await makeLayer(found.entries, layerCache(settings));
  return { layers: [layer], entries: found.entries, components: found.components };
}

function labelsOf(app: ImageApp, { manifest }: BuiltApp, { created, labels }: BuildSettings): Record<string, string> {
  return {
    'org.opencontainers.image.title': APP_IMAGES[app].title,
    'org.opencontainers.image.description': manifest.description,
    'org.opencontainers.image.version': manifest.version,
    'org.opencontainers.image.licenses': manifest.license,
    'org.opencontainers.image.created': created,
    ...labels,
  };
}
