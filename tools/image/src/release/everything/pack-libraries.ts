// Packs the libraries as npm publishes them: a copy of the files that `files` names with the published package.json, then `npm pack`.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { publishedManifest } from './library-manifest.ts';
import type { Manifest } from './library-manifest.ts';

/** A packed library. */
export interface PackedLibrary {
  readonly name: string;
  readonly tarball: string;
}

/** What all of them share. */
export interface PackSettings {
  readonly root: string;
  readonly version: string;
  /** OWNER/NAME */
  readonly repository: string;
  /** Where the tarballs go. */
  readonly folder: string;
}

/** Packs everything below packages/, which must have been built. */
export async function packLibraries(settings: PackSettings): Promise<readonly PackedLibrary[]> {
  await mkdir(settings.folder, { recursive: true });
  const packed: PackedLibrary[] = [];
  for (const name of (await readdir(path.join(settings.root, 'packages'))).toSorted()) {
    packed.push(await packLibrary(`packages/${name}`, settings));
  }
  return packed;
}

async function packLibrary(place: string, { root, version, repository, folder }: PackSettings): Promise<PackedLibrary> {
  const source = path.join(root, place);
  const manifest = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as Manifest;
  const stage = await mkdtemp(path.join(tmpdir(), 'longshore-pack-'));
  try {
    for (const file of [
      ...(manifest['files'] as readonly string[]).filter((one) => !one.startsWith('!')),
      'README.md',
    ]) {
      if (existsSync(path.join(source, file)))
        await cp(path.join(source, file), path.join(stage, file), { recursive: true });
    }
    await cp(path.join(root, 'LICENSE'), path.join(stage, 'LICENSE'));
    const published = publishedManifest(manifest, { version, repository, folder: place });
    await writeFile(path.join(stage, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`);
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await promisify(execFile)('npm', args, { cwd: stage });
    return { name: manifest.name, tarball: fileNameIn(stdout) };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

// npm 10 prints a list of reports, npm 11.19 an object by package name.
function fileNameIn(printed: string): string {
  const [report] = Object.values(JSON.parse(printed) as object) as readonly { readonly filename: string }[];
  return report?.filename ?? '';
}
