// The images that the specs load, built as users build them.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../../../../..');
const folder = path.resolve(import.meta.dirname, '../../../dist/images');

/** The version of the tree, which manifests and tags of images carry. */
export const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };

/** The archive of an app's image, after `buildImages`. */
export function imageOf(app: string): string {
  return path.join(folder, `${app}-linux-${process.arch === 'x64' ? 'amd64' : process.arch}.docker.tar`);
}

/** A path from the root of the source tree. */
export function inTree(...parts: readonly string[]): string {
  return path.join(root, ...parts);
}

/** Builds images of apps whose bundles are there (`npm run build`), with the layers that are in the cache. */
export async function buildImages(apps: readonly string[]): Promise<void> {
  const program = ['--conditions=@longshore/source', inTree('tools/image/src/main.ts')];
  const options = ['--no-build', '--format', 'docker-archive', '--output', folder];
  await promisify(execFile)(process.execPath, [...program, ...apps, ...options], { cwd: root });
}
