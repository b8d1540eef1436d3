// Downloads the official envtest archive (etcd, kube-apiserver, kubectl) into the cache, checked by the SHA-512 that is
// published beside it. Any trouble means "not from here": the next source is tried.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const CONNECT_TIMEOUT_MS = 10_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;

/** Fetches and unpacks the archive into `folder`; returns why not, or undefined when it is there. */
export async function fetchEnvtestArchive(
  url: string,
  folder: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}.tmp-`);
  try {
    // The small file first: it tells within seconds whether the host can be reached.
    const published = await (await get(`${url}.sha512`, CONNECT_TIMEOUT_MS, signal)).text();
    const archive = Buffer.from(await (await get(url, DOWNLOAD_TIMEOUT_MS, signal)).arrayBuffer());
    if (!matchesChecksum(archive, published)) return `the checksum of ${url} does not match`;
    await unpack(archive, draft);
    await putInPlace(draft, folder);
    return undefined;
  } catch (error) {
    return `${url}: ${(error as Error).message}`;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** True when `published` (`<hex>  <file name>`) is the SHA-512 of the bytes. */
export function matchesChecksum(bytes: Uint8Array, published: string): boolean {
  const expected = /^[0-9a-f]{128}(?=\s|$)/i.exec(published.trim())?.[0].toLowerCase();
  return expected === createHash('sha512').update(bytes).digest('hex');
}

async function get(url: string, timeoutMs: number, signal?: AbortSignal): Promise<Response> {
  const limits = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
  const response = await fetch(url, { signal: AbortSignal.any(limits) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response;
}

// The archive holds controller-tools/envtest/{etcd,kube-apiserver,kubectl}.
async function unpack(archive: Buffer, folder: string): Promise<void> {
  const file = join(folder, 'archive.tar.gz');
  await writeFile(file, archive);
  await promisify(execFile)('tar', ['-xzf', file, '-C', folder, '--strip-components=2']);
  await rm(file);
}

async function putInPlace(draft: string, folder: string): Promise<void> {
  try {
    await rename(draft, folder);
  } catch (error) {
    // Another process was faster; its copy is as good.
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
