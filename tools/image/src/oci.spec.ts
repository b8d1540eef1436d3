import { describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { digestOf, unpackTar } from './archive.ts';
import { makeLayer } from './layer.ts';
import { MEDIA, describeImage } from './oci.ts';
import type { Arch, Image } from './oci.ts';
import { packDockerArchive, packLayout, readIndex, targetOf, unpackLayout, writeLayout } from './oci-layout.ts';
import type { NamedImages } from './oci-layout.ts';

const created = '1970-01-01T00:00:00Z';
const layerOf = (path: string) => makeLayer([{ kind: 'file', path, content: Buffer.from(path) }]);

async function anImage(program: string, arch: Arch = 'amd64'): Promise<Image> {
  const layers = [await layerOf(`/base-${arch}`), await layerOf(program)];
  return describeImage({ arch, layers, created, labels: { title: program } });
}

async function named(app: string, arches: readonly Arch[] = ['amd64']): Promise<NamedImages> {
  const images = await Promise.all(arches.map((arch) => anImage(`/${app}`, arch)));
  return { reference: `longshore/${app}:v1`, images, annotations: { title: app } };
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-layout-'));
  await work(folder).finally(() => rm(folder, { recursive: true, force: true }));
}

describe('an image', () => {
  test('runs as nobody, from the kernel to the program without a shell', async () => {
    const image = await anImage('/x');
    const config = JSON.parse(String(image.blobs.find(({ digest }) => digest === image.config.digest)?.bytes));
    expect(config.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/app/node', '/app/main.js'],
      WorkingDir: '/app',
    });
    expect(config.config.Env).toEqual([expect.stringContaining('PATH=/usr/local/sbin:/usr/local/bin:')]);
    expect(config).toMatchObject({ architecture: 'amd64', os: 'linux', created });
    expect(config.rootfs.diff_ids).toHaveLength(2);
  });

  test('may say that it has to be root, and has a layer of tools between', async () => {
    const layers = [await layerOf('/base'), await layerOf('/tools'), await layerOf('/x')];
    const image = describeImage({ arch: 'amd64', layers, created, labels: {}, user: 0 });
    const text = String(image.blobs.find(({ digest }) => digest === image.config.digest)?.bytes);
    const config = JSON.parse(text) as { config: object; history: readonly { created_by: string }[] };
    expect(config.config).toHaveProperty('User', '0:0');
    expect(config.history.map(({ created_by: by }) => by)).toEqual([
      'longshore base',
      'longshore tools',
      'longshore program',
    ]);
  });

  test('every descriptor says the size and digest of its blob', async () => {
    const image = await anImage('/x');
    for (const { digest, size } of [image.manifest, image.config, ...image.layers]) {
      const blob = image.blobs.find((one) => one.digest === digest);
      expect(blob && digestOf(blob.bytes)).toBe(digest);
      expect(blob?.bytes.length).toBe(size);
    }
  });

  test('two platforms have one index, with both', async () => {
    const target = targetOf(await named('a', ['amd64', 'arm64']));
    expect(target.descriptor.mediaType).toBe(MEDIA.index);
    const index = JSON.parse(String(target.blobs.at(-1)?.bytes)) as {
      manifests: { platform: { architecture: string } }[];
    };
    expect(index.manifests.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
  });
});

describe('a layout', () => {
  test('stores what two images share once', () =>
    inFolder(async (folder) => {
      await writeLayout(folder, [await named('a'), await named('b')]);
      // The shared layer, and of each image its own layer, configuration and manifest.
      expect(await readdir(path.join(folder, 'blobs/sha256'))).toHaveLength(1 + 2 * 3);
      for (const file of await readdir(path.join(folder, 'blobs/sha256'))) {
        expect(digestOf(await readFile(path.join(folder, 'blobs/sha256', file)))).toBe(`sha256:${file}`);
      }
    }));

  test('keeps other images and replaces one of the same name', () =>
    inFolder(async (folder) => {
      await writeLayout(folder, [await named('a'), await named('b')]);
      const newer = { ...(await named('a')), images: [await anImage('/newer')] };
      await writeLayout(folder, [newer]);
      const index = await readIndex(folder);
      const references = index.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name']);
      expect(references).toEqual(['longshore/b:v1', 'longshore/a:v1']);
      expect(index.at(-1)?.digest).toBe(newer.images[0]?.manifest.digest);
    }));

  test('comes out of its archive as it went in', () =>
    inFolder(async (folder) => {
      const one = await named('a');
      await unpackLayout(await unpackTar(await packLayout([one])), folder);
      expect((await readIndex(folder))[0]?.digest).toBe(one.images[0]?.manifest.digest);
      expect(await readdir(path.join(folder, 'blobs/sha256'))).toHaveLength(4);
    }));

  test('docker-archive names configuration and layers as files that are there', async () => {
    const image = await anImage('/x');
    const entries = await unpackTar(await packDockerArchive('longshore/a:v1', image));
    const contents = new Map(entries.map((entry) => [entry.path, entry.kind === 'file' ? entry.content : undefined]));
    const [manifest] = JSON.parse(String(contents.get('/manifest.json')));
    expect(manifest.RepoTags).toEqual(['longshore/a:v1']);
    expect(manifest.Layers).toHaveLength(2);
    for (const file of [manifest.Config, ...manifest.Layers])
      expect(contents.get(`/${file}`)?.length).toBeGreaterThan(0);
  });
});
