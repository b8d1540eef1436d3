// Writes images to disk: an OCI layout with several images (a blob that two of them share is stored once), the same as one archive, or an
// archive for `docker load`, `podman load` and `ctr images import`.
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packTar } from './archive.ts';
import type { Entry } from './archive.ts';
import { MEDIA, descriptorOf, describeIndex } from './oci.ts';
import type { Blob, Descriptor, Image } from './oci.ts';

/** The images of one app, one per platform, under the name that they get. */
export interface NamedImages {
  /** For example `longshore/do-ccm:v0.1.0`. */
  readonly reference: string;
  readonly images: readonly Image[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a name points to. */
export interface Target {
  readonly descriptor: Descriptor;
  readonly blobs: readonly Blob[];
}

const REFERENCE = 'org.opencontainers.image.ref.name';
const LAYOUT = JSON.stringify({ imageLayoutVersion: '1.0.0' });

/** What the name of some images points to: the only image, or an index over them. */
export function targetOf({ images, annotations }: NamedImages): Target {
  const blobs = images.flatMap((image) => image.blobs);
  const [only] = images;
  if (only && images.length === 1) return { descriptor: only.manifest, blobs };
  const index = describeIndex(images, annotations);
  return { descriptor: descriptorOf(MEDIA.index, index), blobs: [...blobs, index] };
}

/** Adds images to the layout in a folder, which is made when it is missing; an image of the same name is replaced. */
export async function writeLayout(folder: string, named: readonly NamedImages[]): Promise<void> {
  const blobFolder = path.join(folder, 'blobs/sha256');
  await mkdir(blobFolder, { recursive: true });
  const targets = named.map((one) => ({ reference: one.reference, ...targetOf(one) }));
  for (const { digest, bytes } of targets.flatMap(({ blobs }) => blobs)) {
    const file = path.join(blobFolder, digest.replace('sha256:', ''));
    if (!existsSync(file)) await writeFile(file, bytes);
  }
  const before = await readIndex(folder);
  const kept = before.filter(
    ({ annotations }) => !targets.some(({ reference }) => annotations?.[REFERENCE] === reference),
  );
  const index = [...kept, ...targets.map(namedDescriptor)];
  await writeFile(path.join(folder, 'oci-layout'), LAYOUT);
  await writeFile(path.join(folder, 'index.json'), layoutIndex(index));
}

/** The layout of some images as one archive. */
export async function packLayout(named: readonly NamedImages[]): Promise<Buffer> {
  const targets = named.map((one) => ({ reference: one.reference, ...targetOf(one) }));
  const blobs = targets.flatMap((target) => target.blobs);
  return packTar([
    file('/oci-layout', LAYOUT),
    file('/index.json', layoutIndex(targets.map(namedDescriptor))),
    ...blobs.map(({ digest, bytes }) => file(`/blobs/sha256/${digest.replace('sha256:', '')}`, bytes)),
  ]);
}

/** One image as `docker load` takes it; such archives know no second platform. */
export async function packDockerArchive(reference: string, image: Image): Promise<Buffer> {
  const hex = ({ digest }: Descriptor): string => digest.replace('sha256:', '');
  const bytesOf = (descriptor: Descriptor): Buffer =>
    image.blobs.find(({ digest }) => digest === descriptor.digest)?.bytes ?? Buffer.alloc(0);
  const layers = image.layers.map((layer) => ({ name: `${hex(layer)}.tar.gz`, bytes: bytesOf(layer) }));
  const config = `${hex(image.config)}.json`;
  const manifest = [{ Config: config, RepoTags: [reference], Layers: layers.map(({ name }) => name) }];
  return packTar([
    file('/manifest.json', JSON.stringify(manifest)),
    file(`/${config}`, bytesOf(image.config)),
    ...layers.map(({ name, bytes }) => file(`/${name}`, bytes)),
  ]);
}

/** Writes an archive of a layout into a folder, as it was before it was packed. */
export async function unpackLayout(entries: readonly Entry[], folder: string): Promise<void> {
  for (const entry of entries) {
    const place = path.join(folder, path.posix.normalize(entry.path));
    if (entry.kind === 'folder') await mkdir(place, { recursive: true });
    if (entry.kind === 'file') {
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, entry.content);
    }
  }
}

/** The names and digests in a layout; empty when there is none. */
export async function readIndex(folder: string): Promise<readonly Descriptor[]> {
  if (!existsSync(folder) || !(await readdir(folder)).includes('index.json')) return [];
  const index = JSON.parse(await readFile(path.join(folder, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  return index.manifests;
}

function namedDescriptor({ reference, descriptor }: Target & { readonly reference: string }): Descriptor {
  return { ...descriptor, annotations: { [REFERENCE]: reference } };
}

function layoutIndex(manifests: readonly Descriptor[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests });
}

function file(name: string, content: string | Buffer): Entry {
  return { kind: 'file', path: name, content: Buffer.from(content) };
}
