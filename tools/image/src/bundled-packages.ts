// Which npm packages are in a program's bundle, with their licence notices: from the metafile that esbuild writes beside it. What the
// bundler left out is not listed; what is in no output is in no image.
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Component } from './sbom.ts';

/** A package of somebody else's in a bundle. */
export interface BundledPackage extends Component {
  readonly notice: string;
}

/** What is read of esbuild's metafile. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

/** Folders of the packages that have bytes in an output, relative as the metafile has them. Pure. */
export function packageFolders({ outputs }: Metafile): readonly string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const files = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const folders = files.flatMap((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** Names, versions and notices of the packages in the bundle of an app folder. */
export async function listBundledPackages(appFolder: string): Promise<readonly BundledPackage[]> {
  const metafile = JSON.parse(await readFile(path.join(appFolder, 'dist/meta.json'), 'utf8')) as Metafile;
  return Promise.all(packageFolders(metafile).map((folder) => describePackage(path.join(appFolder, folder))));
}

/** One text with all notices, for the image. Pure. */
export function writeNotices(packages: readonly BundledPackage[]): Buffer {
  const texts = packages.map(
    ({ name, version, license, notice }) => `${name} ${version} (${license})\n\n${notice.trim()}\n`,
  );
  return Buffer.from(`This program contains the following packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`);
}

async function describePackage(folder: string): Promise<BundledPackage> {
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  const [name, version] = [String(manifest['name']), String(manifest['version'])];
  const license = typeof manifest['license'] === 'string' ? manifest['license'] : 'NOASSERTION';
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { name, version, license, purl, notice: await noticeOf(folder, license) };
}

async function noticeOf(folder: string, license: string): Promise<string> {
  const files = existsSync(folder) ? await readdir(folder) : [];
  const notices = files.filter((file) => /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i.test(file)).sort();
  const texts = await Promise.all(notices.map((file) => readFile(path.join(folder, file), 'utf8')));
  return texts.join('\n') || `The package has no notice of its own beside "license": "${license}".`;
}
