// What pinned Debian packages install, as a place to take files from; or this machine's own files in their stead. Called by what collects
// libraries and tools for images.
import { existsSync } from 'node:fs';
import { readFile, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '@longshore/reconciler-core';
import type { Entry } from './archive.ts';
import { fetchPackage, readPackage } from './debian-package.ts';
import type { Arch } from './oci.ts';
import type { PinnedPackage } from './pinned-packages.ts';
import type { Component } from './sbom.ts';

/** Where files are taken from: `auto` is `pinned`, and `machine` where that fails and the machine is of the same kind. */
export type LibrarySource = 'auto' | 'pinned' | 'machine';

/** Files by their absolute paths. */
export interface FileSource {
  /** Follows links; `undefined`: there is none. */
  read(file: string): Promise<Buffer | undefined>;
  /** Names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Notices that have to go where the files go. */
  readonly notices: readonly Entry[];
  readonly components: readonly Component[];
}

/** Files with what has to be said to the user: why the result is not the same on every machine. */
export interface ChosenSource {
  readonly source: FileSource;
  readonly notice?: string;
}

/** What is asked for. */
export interface SourceRequest {
  readonly arch: Arch;
  readonly from: LibrarySource;
  readonly cacheFolder: string;
  readonly pins: readonly PinnedPackage[];
  /** What the machine's own files are called in the list of parts. */
  readonly machineName: string;
}

/** The packages, or what takes their place. Throws what fetchPackage throws when nothing can. */
export async function chooseSource(request: SourceRequest): Promise<ChosenSource> {
  const { arch, from, machineName } = request;
  const isSameKind = arch === archOf(process.arch);
  if (from === 'machine') return { source: machineFiles(machineName) };
  try {
    return { source: await packageFiles(request) };
  } catch (error) {
    if (from === 'pinned' || !isSameKind) throw error;
    const notice = `this machine's own libraries are used, so the digest differs from that of other machines: ${messageOf(error)}`;
    return { source: machineFiles(machineName), notice };
  }
}

/** Node's name of a processor in the words of images; anything unknown is taken for amd64. */
export function archOf(nodeArch: string): Arch {
  return nodeArch === 'arm64' ? 'arm64' : 'amd64';
}

async function packageFiles({ arch, pins, cacheFolder }: SourceRequest): Promise<FileSource> {
  const installed = new Map<string, Entry>();
  for (const pin of pins) {
    for (const entry of await readPackage(await fetchPackage(pin, { cacheFolder }))) installed.set(entry.path, entry);
  }
  const components = pins.map(({ name, version, license }) => ({
    name,
    version,
    license,
    purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}&distro=debian-12`,
  }));
  return {
    read: async (file) => contentOf(installed, file),
    list: async (folder) =>
      [...installed.keys()]
        .filter((file) => path.posix.dirname(file) === folder)
        .map((file) => path.posix.basename(file)),
    notices: noticesOf(installed),
    components,
  };
}

// A package without one shares that of another package of the list.
function noticesOf(installed: ReadonlyMap<string, Entry>): readonly Entry[] {
  return [...installed.values()].filter(({ path: file }) => /^\/usr\/share\/doc\/[^/]+\/copyright$/.test(file));
}

function machineFiles(name: string): FileSource {
  return {
    read: async (file) => (existsSync(file) ? readFile(await realpath(file)) : undefined),
    list: async (folder) => (existsSync(folder) ? readdir(folder) : []),
    notices: [],
    components: [{ name: `${name} of the building machine`, version: 'unknown', license: 'NOASSERTION' }],
  };
}

// Follows at most two links: /lib64/ld-linux… -> /lib/…/ld-linux…, libstdc++.so.6 -> libstdc++.so.6.0.30.
function contentOf(installed: ReadonlyMap<string, Entry>, file: string, depth = 0): Buffer | undefined {
  const entry = installed.get(file);
  if (entry?.kind === 'file') return entry.content;
  if (entry?.kind !== 'link' || depth > 2) return undefined;
  return contentOf(installed, path.posix.resolve(path.posix.dirname(file), entry.target), depth + 1);
}
