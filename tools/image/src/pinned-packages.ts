// The Debian packages whose libraries go into images, by hash. To move on: take version, path and hash of each from
// `apt-cache show libc6` (and the other two) of both architectures on Debian 12, and run the tests of this folder.
import type { Arch } from './oci.ts';

/** A package of Debian's archive. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Below the root of a mirror. */
  readonly path: string;
  readonly sha256: string;
}

/** Mirrors in the order in which they are asked: the current archive, then the one that keeps everything. */
export function mirrorsOf({ path }: PinnedPackage): readonly string[] {
  const archive = path.startsWith('pool/updates/') ? 'debian-security' : 'debian';
  return [`http://deb.debian.org/${archive}`, `http://snapshot.debian.org/archive/${archive}/20261121T000000Z`];
}

const GLIBC = '2.36-9+deb12u14';
const GCC = '12.2.0-14+deb12u1';
const GCC_LICENSE = 'GPL-3.0-or-later WITH GCC-exception-3.1';

/** What a Node binary needs beside itself; gcc-12-base has the notices of the two libraries of GCC. */
export const PINNED_PACKAGES: Readonly<Record<Arch, readonly PinnedPackage[]>> = {
  amd64: [
    libc6('amd64', 'ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf'),
    gcc('libstdc++6', 'amd64', '5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d'),
    gcc('libgcc-s1', 'amd64', '3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7'),
    gcc('gcc-12-base', 'amd64', '1896a2aacf4ad681ff5eacc24a5b0ca4d5d9c9b9c9e4b6de5197bc1e116ea619'),
  ],
  arm64: [
    libc6('arm64', '01f4330719fd4f65580e16ea5a0527f372fca750e8f588d26deaf09f2d3b1cf4'),
    gcc('libstdc++6', 'arm64', '26e138c677a985775331373828a6c286c551ff397cb735d00e2383cb273d1cb2'),
    gcc('libgcc-s1', 'arm64', '576926b283613db80168ddf76380a3bd877602778cf0d226caa7bfbfa71eacf3'),
    gcc('gcc-12-base', 'arm64', '674cf6cba6d432bd200c45fe866c1652c7a53523cc2e7a613e05bc4abf7b5440'),
  ],
};

function libc6(arch: Arch, sha256: string): PinnedPackage {
  const path = `pool/main/g/glibc/libc6_${GLIBC}_${arch}.deb`;
  return { name: 'libc6', version: GLIBC, license: 'LGPL-2.1-or-later', path, sha256 };
}

function gcc(name: string, arch: Arch, sha256: string): PinnedPackage {
  return { name, version: GCC, license: GCC_LICENSE, path: `pool/main/g/gcc-12/${name}_${GCC}_${arch}.deb`, sha256 };
}
