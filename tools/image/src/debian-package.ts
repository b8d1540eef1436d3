// Fetches pinned Debian packages into the cache and reads what is in them. apt's own downloader is used, so that proxies and mirrors of the
// machine count; the hash is ours, so it does not matter who answers.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import { unpackTar } from './archive.ts';
import type { Entry } from './archive.ts';
import { mirrorsOf } from './pinned-packages.ts';
import type { PinnedPackage } from './pinned-packages.ts';

const APT_HELPER = '/usr/lib/apt/apt-helper';
const OPTIONS = ['-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::Retries=2'];

/** How packages are fetched; a test brings mirrors of its own. */
export interface FetchOptions {
  readonly cacheFolder: string;
  readonly mirrors?: readonly string[];
}

/** The path of the package in the cache. Throws IMAGE_PACKAGE_GONE when no mirror has it with that hash. */
export async function fetchPackage(
  pin: PinnedPackage,
  { cacheFolder, mirrors = mirrorsOf(pin) }: FetchOptions,
): Promise<string> {
  const file = path.join(cacheFolder, 'packages', path.basename(pin.path));
  if ((await sha256Of(file)) === pin.sha256) return file;
  await mkdir(path.dirname(file), { recursive: true });
  const reasons: string[] = [];
  for (const mirror of mirrors) {
    const partial = `${file}.${process.pid}.tmp`;
    const problem = await download(`${mirror}/${pin.path}`, partial, pin.sha256);
    if (!problem && (await sha256Of(partial)) === pin.sha256) {
      await rename(partial, file);
      return file;
    }
    await rm(partial, { force: true });
    reasons.push(`${mirror}: ${problem ?? 'another file than the pinned one'}`);
  }
  throw new OperatorError(
    'IMAGE_PACKAGE_GONE',
    `the Debian package ${path.basename(pin.path)} (sha256 ${pin.sha256}) cannot be had: ${reasons.join('; ')}. ` +
      `Put the file into ${path.dirname(file)}, or pin a newer version: tools/image/src/pinned-packages.ts, npm run pins in tools/image`,
    never,
  );
}

/** Everything that a package installs. */
export async function readPackage(file: string): Promise<readonly Entry[]> {
  const child = spawn('dpkg-deb', ['--fsys-tarfile', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  try {
    const [entries, [code]] = await Promise.all([unpackTar(child.stdout), ended]);
    if (code === 0) return entries;
  } catch (cause) {
    throw unreadable(file, messageOf(cause));
  }
  throw unreadable(file, 'dpkg-deb failed');
}

function unreadable(file: string, reason: string): OperatorError {
  const message = `the Debian package ${file} cannot be read (${reason}): the command dpkg-deb of Debian's dpkg is needed`;
  return new OperatorError('IMAGE_PACKAGE_UNREADABLE', message, never);
}

async function download(url: string, file: string, sha256: string): Promise<string | undefined> {
  try {
    await promisify(execFile)(APT_HELPER, [...OPTIONS, 'download-file', url, file, `SHA256:${sha256}`]);
    return undefined;
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    return stderr === undefined ? messageOf(error) : stderr || 'no answer';
  }
}

async function sha256Of(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes && createHash('sha256').update(bytes).digest('hex');
}
