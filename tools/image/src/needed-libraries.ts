// Which libraries some programs need, with those that these need. The files are given: from packages or from a machine.
import path from 'node:path';
import { OperatorError, never } from '@longshore/reconciler-core';
import type { Entry } from './archive.ts';
import type { FileSource } from './debian-files.ts';
import { readElf } from './elf.ts';
import type { Arch } from './oci.ts';

/** What is looked for, and where. */
export interface LibrarySearch {
  readonly arch: Arch;
  /** Names of libraries, or their paths. */
  readonly wanted: readonly string[];
  /** Names of libraries that are there already. */
  readonly present?: ReadonlySet<string>;
  readonly source: Pick<FileSource, 'read'>;
}

const MULTIARCH: Readonly<Record<Arch, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** Finds them all. Throws IMAGE_LIBRARY_MISSING when one is nowhere. */
export async function findLibraries(search: LibrarySearch): Promise<readonly Entry[]> {
  const found = new Map<string, Entry>();
  const wanted = [...search.wanted];
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    const key = path.posix.basename(name);
    if (found.has(key) || search.present?.has(key)) continue;
    const library = await findLibrary(name, search);
    found.set(key, { kind: 'file', ...library, mode: 0o755 });
    wanted.push(...readElf(library.content, library.path).needed);
  }
  return [...found.values()];
}

async function findLibrary(
  name: string,
  { arch, source }: LibrarySearch,
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
    const content = await source.read(place);
    if (content) return { path: place, content };
  }
  const message = `the library ${name} for linux/${arch} was not found in ${places.join(', ')}: programs in an image need glibc (no musl), Node needs libstdc++`;
  throw new OperatorError('IMAGE_LIBRARY_MISSING', message, never);
}
