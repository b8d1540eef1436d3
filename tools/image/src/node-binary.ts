// The Node that goes into an image: the pinned one of package-lock.json, from node_modules for this machine's processor, else from the npm
// registry with the hash of the lock file.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import { unpackTar } from './archive.ts';
import type { Arch } from './oci.ts';

/** Node and its licence notice. */
export interface NodeBinary {
  readonly version: string;
  readonly binary: Buffer;
  readonly license: Buffer;
}

interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
}

/** Finds the pinned Node for a processor. Throws IMAGE_NODE_MISSING when the registry cannot be reached or sends something else. */
export async function findNode(arch: Arch, root: string, cacheFolder: string): Promise<NodeBinary> {
  const name = `node-linux-${arch === 'amd64' ? 'x64' : arch}`;
  const locked = await lockedPackage(root, name);
  const installed = path.join(root, 'node_modules', name);
  if (existsSync(path.join(installed, 'bin/node'))) {
    const [binary, license, manifest] = await Promise.all(
      ['bin/node', 'LICENSE', 'package.json'].map((file) => readFile(path.join(installed, file))),
    );
    const { version } = JSON.parse(String(manifest)) as { version: string };
    if (binary && license && version === locked.version) return { version, binary, license };
  }
  return fromRegistry(name, locked, cacheFolder);
}

async function lockedPackage(root: string, name: string): Promise<LockedPackage> {
  const lock = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  const locked = lock.packages[`node_modules/${name}`];
  if (locked) return locked;
  throw new OperatorError('IMAGE_NODE_MISSING', `package-lock.json does not name ${name}: run npm install`, never);
}

async function fromRegistry(name: string, locked: LockedPackage, cacheFolder: string): Promise<NodeBinary> {
  const file = path.join(cacheFolder, 'packages', `${name}-${locked.version}.tgz`);
  if ((await integrityOf(file)) !== locked.integrity) await download(name, locked, file);
  const entries = await unpackTar(createReadStream(file).pipe(createGunzip()));
  const contentOf = (end: string): Buffer => {
    const entry = entries.find((one) => one.path === `/package/${end}`);
    if (entry?.kind === 'file') return entry.content;
    throw new OperatorError('IMAGE_NODE_MISSING', `the package ${name} ${locked.version} holds no ${end}`, never);
  };
  return { version: locked.version, binary: contentOf('bin/node'), license: contentOf('LICENSE') };
}

async function download(name: string, { version, integrity }: LockedPackage, file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const folder = await mkdtemp(`${file}.`);
  try {
    const args = ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder];
    await promisify(execFile)('npm', args, { cwd: folder });
    const packed = path.join(folder, `${name}-${version}.tgz`);
    if ((await integrityOf(packed)) !== integrity) throw new Error('its hash is not that of package-lock.json');
    await rename(packed, file);
  } catch (cause) {
    const message = `Node for the image cannot be had: npm pack ${name}@${version}: ${messageOf(cause)}`;
    throw new OperatorError('IMAGE_NODE_MISSING', message, never, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function integrityOf(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes && `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}
