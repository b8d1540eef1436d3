// The image that a test cluster runs: built here, or read from image.tar (an OCI archive as CI makes it).
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { OperatorError, never } from '@longshore/reconciler-core';
import { unpackTar } from '../archive.ts';
import type { Entry } from '../archive.ts';
import { buildImages, makeBases } from '../build-image.ts';
import { imageCache, imageTime, root } from '../config.ts';
import { packDockerArchive } from '../oci-layout.ts';
import { archOf } from '../runtime-libraries.ts';
import type { Arch } from '../oci.ts';

/** An image as files, and as an archive that `ctr images import` takes. */
export interface ProgramImage {
  readonly entries: readonly Entry[];
  readonly archive: Buffer;
}

/** Builds the image for a processor under a name. */
export async function buildProgramImage(reference: string, arch: Arch = archOf(process.arch)): Promise<ProgramImage> {
  const settings = {
    root,
    cacheFolder: imageCache(),
    isReusingLayers: true,
    platforms: [arch],
    libraries: 'auto',
    created: imageTime(),
    prefix: 'longshore',
    labels: {},
    onProgress: () => {},
  } as const;
  const [part] = (await buildImages('cloudscale-ccm', await makeBases(settings), settings)).parts;
  if (!part) throw new OperatorError('IMAGE_NOT_BUILT', 'no image was built', never);
  return { entries: part.entries, archive: await packDockerArchive(reference, part.image) };
}

/** Reads an OCI archive with one image. */
export async function importProgramImage(file: string): Promise<ProgramImage> {
  const archive = await readFile(file);
  const files = new Map(
    (await unpackTar(archive)).map((entry) => [entry.path, entry.kind === 'file' ? entry.content : undefined]),
  );
  const read = (name: string): Buffer => {
    const content = files.get(name);
    if (content) return content;
    throw new OperatorError('IMAGE_NOT_BUILT', `${file} is no OCI archive with one image: ${name} is missing`, never);
  };
  const blob = (digest: string): Buffer => read(`/blobs/sha256/${digest.replace('sha256:', '')}`);
  const index = JSON.parse(String(read('/index.json'))) as { manifests: { digest: string }[] };
  const manifest = JSON.parse(String(blob(index.manifests[0]?.digest ?? ''))) as { layers: { digest: string }[] };
  const layers = await Promise.all(manifest.layers.map(({ digest }) => unpackTar(gunzipSync(blob(digest)))));
  return { entries: layers.flat(), archive };
}
