// The layer of tools that an image adds between the shared one and the program: a change of the program does not send it again.
import path from 'node:path';
import { OperatorError, never } from '@longshore/reconciler-core';
import type { Entry } from './archive.ts';
import type { ToolSet } from './csi-tools.ts';
import { chooseSource } from './debian-files.ts';
import type { FileSource, LibrarySource } from './debian-files.ts';
import { readElf } from './elf.ts';
import { TOOL_PACKAGES } from './gen/tool-packages.ts';
import { findLibraries } from './needed-libraries.ts';
import type { Arch } from './oci.ts';
import type { PinnedPackage } from './pinned-packages.ts';
import type { DebianParts } from './runtime-libraries.ts';

/** What is asked for. */
export interface ToolRequest {
  readonly tools: ToolSet;
  readonly arch: Arch;
  readonly from: LibrarySource;
  readonly cacheFolder: string;
  /** Names of the libraries that the shared layer has. */
  readonly present: ReadonlySet<string>;
}

/** Collects them. Throws IMAGE_TOOL_MISSING when a program is nowhere, IMAGE_LIBRARY_MISSING, and what fetchPackage throws. */
export async function collectTools({ tools, arch, from, cacheFolder, present }: ToolRequest): Promise<DebianParts> {
  const pins = toolPins(tools, arch);
  const { source, notice } = await chooseSource({ arch, from, cacheFolder, pins, machineName: 'tools' });
  const programs = await take([...tools.programs, ...(await pluginsOf(tools, source))], source, 0o755);
  const wanted = programs.flatMap((entry) => (entry.kind === 'file' ? readElf(entry.content, entry.path).needed : []));
  const libraries = await findLibraries({ arch, wanted, present, source });
  const links = Object.entries(tools.links).map(([file, target]): Entry => ({ kind: 'link', path: file, target }));
  const files = await take(tools.files, source, 0o644);
  const entries = [...programs, ...libraries, ...links, ...files, ...source.notices];
  return { entries, components: source.components, ...(notice ? { notice } : {}) };
}

/** The packages of a set. Throws IMAGE_TOOL_MISSING when one was never pinned. */
export function toolPins({ packages }: ToolSet, arch: Arch): readonly PinnedPackage[] {
  return Object.entries(packages).map(([name, license]) => {
    const pin = TOOL_PACKAGES[arch].find((one) => one.name === name);
    if (pin) return { ...pin, license };
    throw missing(`the package ${name} is not pinned: run npm run pins in tools/image`);
  });
}

async function pluginsOf({ plugins }: ToolSet, source: FileSource): Promise<readonly string[]> {
  const lists = plugins.map(async (folder) => (await source.list(folder)).map((name) => `${folder}/${name}`));
  return (await Promise.all(lists)).flat().filter((file) => path.posix.extname(file) === '.so');
}

async function take(files: readonly string[], source: FileSource, mode: number): Promise<readonly Entry[]> {
  return Promise.all(
    files.map(async (file): Promise<Entry> => {
      const content = await source.read(file);
      if (content) return { kind: 'file', path: file, content, mode };
      throw missing(`${file} is in none of the packages: tools/image/src/csi-tools.ts names both`);
    }),
  );
}

function missing(message: string): OperatorError {
  return new OperatorError('IMAGE_TOOL_MISSING', message, never);
}
