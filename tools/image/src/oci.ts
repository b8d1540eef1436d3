// The JSON documents of an image (OCI image specification 1.1). Pure: layers and facts in, bytes with their digests out.
import { digestOf } from './archive.ts';
import type { Layer } from './layer.ts';
import { APP_FOLDER } from './app-names.ts';

/** Architectures in Go's words, as images and manifests name them. */
export type Arch = 'amd64' | 'arm64';

/** What an image is made of. */
export interface ImageFacts {
  readonly arch: Arch;
  readonly layers: readonly Layer[];
  /** RFC 3339; the same input has to give the same time. */
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent: nobody. */
  readonly user?: number;
}

/** A document or layer by its digest. */
export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** A pointer to a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: Arch; readonly os: 'linux' };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A finished image. */
export interface Image {
  readonly arch: Arch;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** What a registry stores for it: layers, configuration, manifest. */
  readonly blobs: readonly Blob[];
  /** Compressed, without the two documents. */
  readonly sizeBytes: number;
}

/** Media types of the specification. */
export const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** The user of images: nobody on any machine, so no file of a host is its own. */
export const IMAGE_USER = 65532;

/** Puts layers together. */
export function describeImage({ arch, layers, created, labels, user = IMAGE_USER }: ImageFacts): Image {
  const config = toJsonBlob({
    created,
    architecture: arch,
    os: 'linux',
    config: {
      User: `${user}:${user}`,
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: [`${APP_FOLDER}/node`, `${APP_FOLDER}/main.js`],
      WorkingDir: APP_FOLDER,
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, index) => ({ created, created_by: `longshore ${layerName(index, layers.length)}` })),
  });
  const layerDescriptors = layers.map(({ digest, bytes }) => descriptorOf(MEDIA.layer, { digest, bytes }));
  const configDescriptor = descriptorOf(MEDIA.config, config);
  const manifest = toJsonBlob({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: configDescriptor,
    layers: layerDescriptors,
    annotations: labels,
  });
  return {
    arch,
    manifest: { ...descriptorOf(MEDIA.manifest, manifest), platform: { architecture: arch, os: 'linux' } },
    config: configDescriptor,
    layers: layerDescriptors,
    blobs: [...layers.map(({ digest, bytes }) => ({ digest, bytes })), config, manifest],
    sizeBytes: layerDescriptors.reduce((sum, { size }) => sum + size, 0),
  };
}

function layerName(index: number, count: number): string {
  if (index === 0) return 'base';
  return index === count - 1 ? 'program' : 'tools';
}

/** One index over the images of several platforms: what a tag points to when there are two of them. */
export function describeIndex(images: readonly Image[], annotations: Readonly<Record<string, string>>): Blob {
  return toJsonBlob({
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: images.map(({ manifest }) => manifest),
    annotations,
  });
}

/** The descriptor of some bytes. */
export function descriptorOf(mediaType: string, { digest, bytes }: Blob): Descriptor {
  return { mediaType, digest, size: bytes.length };
}

function toJsonBlob(document: object): Blob {
  const bytes = Buffer.from(JSON.stringify(document));
  return { digest: digestOf(bytes), bytes };
}
