// Which shared libraries go into every image: what the Node binary needs, and glibc's name service modules, which it loads by name. They come
// from the pinned Debian packages, or on request (and where those cannot be had) from the machine.
import { OperatorError, never } from '@longshore/reconciler-core';
import type { Entry } from './archive.ts';
import { archOf, chooseSource } from './debian-files.ts';
import type { LibrarySource } from './debian-files.ts';
import { readElf } from './elf.ts';
import { findLibraries } from './needed-libraries.ts';
import type { Arch } from './oci.ts';
import { PINNED_PACKAGES } from './pinned-packages.ts';
import type { Component } from './sbom.ts';

/** Files of Debian as they are in an image. */
export interface DebianParts {
  readonly entries: readonly Entry[];
  readonly components: readonly Component[];
  /** Said to the user: why the result is not the same on every machine. */
  readonly notice?: string;
}

/** What is asked for. */
export interface LibraryRequest {
  readonly arch: Arch;
  readonly node: Buffer;
  readonly from: LibrarySource;
  readonly cacheFolder: string;
}

export { archOf } from './debian-files.ts';

const BY_NAME = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/** Finds the libraries. Throws IMAGE_LIBRARY_MISSING when one is nowhere, and what fetchPackage throws. */
export async function collectLibraries({ arch, node, from, cacheFolder }: LibraryRequest): Promise<DebianParts> {
  if (from === 'machine' && arch !== archOf(process.arch)) {
    const message = `this machine has no libraries for linux/${arch}: use --libraries pinned`;
    throw new OperatorError('IMAGE_LIBRARY_MISSING', message, never);
  }
  const machineName = 'glibc and libstdc++';
  const { source, notice } = await chooseSource({ arch, from, cacheFolder, pins: PINNED_PACKAGES[arch], machineName });
  const { interpreter, needed } = readElf(node, 'node');
  const wanted = [...(interpreter ? [interpreter] : []), ...needed, ...BY_NAME];
  const libraries = await findLibraries({ arch, wanted, source });
  const entries = [...libraries, ...source.notices];
  return { entries, components: source.components, ...(notice ? { notice } : {}) };
}
