// Puts built images where the command line says, each with its list of parts beside it.
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withFolders } from './archive.ts';
import type { Entry } from './archive.ts';
import type { BuiltImages } from './build-image.ts';
import { packDockerArchive, packLayout, targetOf, writeLayout } from './oci-layout.ts';
import type { Format } from './options.ts';

/** A line of what `-o json` prints. */
export interface ImageReport {
  readonly name: string;
  readonly image: string;
  readonly platform: string;
  /** Of the manifest, or of the index where there are several platforms. */
  readonly digest: string;
  /** Compressed, of all layers. */
  readonly size: number;
  readonly file: string;
}

/** Writes the images of one app below a folder and says what is where. */
export async function writeImages(built: BuiltImages, format: Format, folder: string): Promise<ImageReport> {
  await mkdir(folder, { recursive: true });
  for (const { image, sbom } of built.parts) {
    await writeFile(path.join(folder, `${built.app}-linux-${image.arch}.spdx.json`), sbom);
  }
  const file = await writeAs(built, format, folder);
  return {
    name: built.app,
    image: built.reference,
    platform: built.images.map(({ arch }) => `linux/${arch}`).join(','),
    digest: targetOf(built).descriptor.digest,
    size: built.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    file,
  };
}

async function writeAs(built: BuiltImages, format: Format, folder: string): Promise<string> {
  const [only] = built.parts;
  if (format === 'oci') {
    await writeLayout(path.join(folder, 'oci'), [built]);
    return path.join(folder, 'oci');
  }
  if (format === 'rootfs') {
    const place = path.join(folder, `${built.app}-rootfs`);
    await writeRootfs(only?.entries ?? [], place);
    return place;
  }
  const isDocker = format === 'docker-archive' && only;
  const archive = isDocker ? await packDockerArchive(built.reference, only.image) : await packLayout([built]);
  const file = path.join(folder, `${built.app}${isDocker ? `-linux-${only.image.arch}.docker` : '.oci'}.tar`);
  await writeFile(file, archive);
  return file;
}

/** The files of an image as a folder, which is emptied before. */
export async function writeRootfs(entries: readonly Entry[], folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const entry of withFolders(entries)) {
    const place = path.join(folder, entry.path);
    if (entry.kind === 'link') await symlink(entry.target, place);
    else {
      if (entry.kind === 'folder') await mkdir(place, { recursive: true });
      else await writeFile(place, entry.content);
      await chmod(place, entry.mode ?? (entry.kind === 'folder' ? 0o755 : 0o644));
    }
  }
}
