// Which shared libraries go into an image and where they come from: the pinned Debian packages, or on request (and where those cannot be
// had) the machine's own. Only what the Node binary needs is taken, and glibc's name service modules, which it loads by name.
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import type { Entry } from './archive.ts';
import { fetchPackage, readPackage } from './debian-package.ts';
import { readElf } from './elf.ts';
import type { Arch } from './oci.ts';
import { PINNED_PACKAGES } from './pinned-packages.ts';
import type { Component } from './sbom.ts';

/** Where libraries are taken from: `auto` is `pinned`, and `machine` where that fails and the machine is of the same kind. */
export type LibrarySource = 'auto' | 'pinned' | 'machine';

/** Libraries as they are in an image. */
export interface Libraries {
  readonly entries: readonly Entry[];
  readonly components: readonly Component[];
  /** Said to the user: why the result is not the same on every machine. */
  readonly notice?: string;
}

/** What is asked for. */
export interface LibraryRequest {
  readonly arch: Arch;
  readonly node: Buffer;
  readonly source: LibrarySource;
  readonly cacheFolder: string;
}

const MULTIARCH: Readonly<Record<Arch, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const BY_NAME = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/** Finds the libraries. Throws IMAGE_LIBRARY_MISSING when one is nowhere, and what fetchPackage throws. */
export async function collectLibraries(request: LibraryRequest): Promise<Libraries> {
  const mayUseMachine = request.source !== 'pinned' && request.arch === archOf(process.arch);
  if (request.source === 'machine' && !mayUseMachine) {
    const message = `this machine has no libraries for linux/${request.arch}: use --libraries pinned`;
    throw new OperatorError('IMAGE_LIBRARY_MISSING', message, never);
  }
  if (request.source === 'machine') return fromMachine(request);
  try {
    return await fromPackages(request);
  } catch (error) {
    if (!mayUseMachine) throw error;
    const notice = `this machine's own libraries are used, so the digest differs from that of other machines: ${messageOf(error)}`;
    return { ...(await fromMachine(request)), notice };
  }
}

/** Node's name of a processor in the words of images; anything unknown is taken for amd64. */
export function archOf(nodeArch: string): Arch {
  return nodeArch === 'arm64' ? 'arm64' : 'amd64';
}

async function fromPackages({ arch, node, cacheFolder }: LibraryRequest): Promise<Libraries> {
  const pins = PINNED_PACKAGES[arch];
  const installed = new Map<string, Entry>();
  for (const pin of pins) {
    for (const entry of await readPackage(await fetchPackage(pin, { cacheFolder }))) installed.set(entry.path, entry);
  }
  const read = async (file: string): Promise<Buffer | undefined> => contentOf(installed, file);
  const libraries = await followNeeds({ arch, node, read });
  const notices = [...installed.values()].filter(({ path: file }) =>
    /^\/usr\/share\/doc\/[^/]+\/copyright$/.test(file),
  );
  const components = pins.map(({ name, version, license }) => ({
    name,
    version,
    license,
    purl: debianPurl(name, version, arch),
  }));
  return { entries: [...libraries, ...notices], components };
}

async function fromMachine({ arch, node }: LibraryRequest): Promise<Libraries> {
  const read = async (file: string): Promise<Buffer | undefined> =>
    existsSync(file) ? readFile(await realpath(file)) : undefined;
  const entries = await followNeeds({ arch, node, read });
  return {
    entries,
    components: [{ name: 'glibc and libstdc++ of the building machine', version: 'unknown', license: 'NOASSERTION' }],
  };
}

function debianPurl(name: string, version: string, arch: Arch): string {
  return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}&distro=debian-12`;
}

// Follows at most two links: /lib64/ld-linux… -> /lib/…/ld-linux…, libstdc++.so.6 -> libstdc++.so.6.0.30.
function contentOf(installed: ReadonlyMap<string, Entry>, file: string, depth = 0): Buffer | undefined {
  const entry = installed.get(file);
  if (entry?.kind === 'file') return entry.content;
  if (entry?.kind !== 'link' || depth > 2) return undefined;
  return contentOf(installed, path.posix.resolve(path.posix.dirname(file), entry.target), depth + 1);
}

interface Need {
  readonly arch: Arch;
  readonly node: Buffer;
  readonly read: (file: string) => Promise<Buffer | undefined>;
}

async function followNeeds({ arch, node, read }: Need): Promise<readonly Entry[]> {
  const facts = readElf(node, 'node');
  const found = new Map<string, Entry>();
  const wanted = [...(facts.interpreter ? [facts.interpreter] : []), ...facts.needed, ...BY_NAME];
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    if (found.has(path.posix.basename(name))) continue;
    const library = await findLibrary(name, arch, read);
    found.set(path.posix.basename(name), { kind: 'file', ...library, mode: 0o755 });
    wanted.push(...readElf(library.content, library.path).needed);
  }
  return [...found.values()];
}

async function findLibrary(
  name: string,
  arch: Arch,
  read: Need['read'],
): Promise<{ readonly path: string; readonly content: Buffer }> {
  const folders = [
    `/lib/${MULTIARCH[arch]}`,
    `/usr/lib/${MULTIARCH[arch]}`,
    '/lib64',
    '/usr/lib64',
    '/lib',
    '/usr/lib',
  ];
  const places = name.startsWith('/') ? [name] : folders.map((folder) => `${folder}/${name}`);
  for (const place of places) {
    const content = await read(place);
    if (content) return { path: place, content };
  }
  const message = `the library ${name} for linux/${arch} was not found in ${places.join(', ')}: Node needs glibc and libstdc++ (no musl)`;
  throw new OperatorError('IMAGE_LIBRARY_MISSING', message, never);
}
