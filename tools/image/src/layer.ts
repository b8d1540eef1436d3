// A layer of an image: its entries as a gzipped archive, with both digests. Compressing a Node binary takes ten seconds and more, so layers
// that were compressed before are taken from the cache; the name there says everything that the result depends on.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { digestOf, packTar } from './archive.ts';
import type { Entry } from './archive.ts';

const LEVEL = 9;

/** A layer as a registry takes it. */
export interface Layer {
  /** Of the compressed bytes. */
  readonly digest: string;
  /** Of the archive in them. */
  readonly diffId: string;
  readonly bytes: Buffer;
}

/** Packs and compresses. `cacheFolder` absent: without a cache. */
export async function makeLayer(entries: readonly Entry[], cacheFolder?: string): Promise<Layer> {
  const archive = await packTar(entries);
  const diffId = digestOf(archive);
  const bytes = await compressed(archive, diffId, cacheFolder);
  return { digest: digestOf(bytes), diffId, bytes };
}

async function compressed(archive: Buffer, diffId: string, cacheFolder: string | undefined): Promise<Buffer> {
  const compress = (): Promise<Buffer> => promisify(gzip)(archive, { level: LEVEL });
  if (!cacheFolder) return compress();
  const name = `${diffId.replace(':', '-')}-zlib-${process.versions.zlib}-${LEVEL}.tar.gz`;
  const file = path.join(cacheFolder, 'layers', name);
  const found = await readFile(file).catch(() => undefined);
  if (found) return found;
  const bytes = await compress();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}.tmp`, bytes);
  await rename(`${file}.${process.pid}.tmp`, file);
  return bytes;
}
