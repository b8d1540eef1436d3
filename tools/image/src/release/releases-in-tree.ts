// The files of apps/cloudscale-ccm/releases: the manifest of the version in package.json, at the places where a release has it. The digest
// of an image that nobody has pushed yet is not in them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { imageRepository } from '../app-names.ts';
import { root } from '../config.ts';
import { renderConfig } from './documents.ts';

const app = path.join(root, 'apps/cloudscale-ccm');

/** Where the files are. */
export const releaseFolder = path.join(app, 'releases');

/** The files by their names. */
export async function renderReleases(): Promise<ReadonlyMap<string, string>> {
  const { version } = JSON.parse(await readFile(path.join(app, 'package.json'), 'utf8')) as { version: string };
  const manifest = await readFile(path.join(app, 'deploy/latest.yml'), 'utf8');
  const config = renderConfig(manifest, { version, image: imageRepository('cloudscale-ccm') });
  return new Map([
    ['latest/download/config.yml', config],
    [`download/${version}/config.yml`, config],
  ]);
}
