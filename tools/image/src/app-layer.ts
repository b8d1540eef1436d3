// What is particular to one image: the bundled program, how it is started under the Go program's name, notices and the list of parts.
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError, never } from '@longshore/reconciler-core';
import { APP_FOLDER, APP_IMAGES, mainFileOf } from './app-names.ts';
import type { ImageApp, StartPath } from './app-names.ts';
import type { Entry } from './archive.ts';
import { listBundledPackages, writeNotices } from './bundled-packages.ts';
import type { BundledPackage } from './bundled-packages.ts';

/** What an image needs to know of an app's package.json. */
export interface AppManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
}

/** A built app, read from its folder. */
export interface BuiltApp {
  readonly manifest: AppManifest;
  readonly entries: readonly Entry[];
  readonly packages: readonly BundledPackage[];
}

/** Reads what `npm run build` made of an app. Throws IMAGE_NOT_BUILT when there is nothing. */
export async function readBuiltApp(app: ImageApp, root: string): Promise<BuiltApp> {
  const folder = path.join(root, 'apps', app);
  // A build that failed has removed the chunks already.
  const programs = programFiles(app);
  if (![...programs.values(), 'chunks'].every((name) => existsSync(path.join(folder, 'dist', name)))) {
    const message = `apps/${app}/dist holds no whole bundle: run npx nx run @longshore/${app}:build`;
    throw new OperatorError('IMAGE_NOT_BUILT', message, never);
  }
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as AppManifest;
  const packages = await listBundledPackages(folder);
  const chunks = (await readdir(path.join(folder, 'dist/chunks'))).filter((file) => file.endsWith('.js')).sort();
  const bundle = new Map([...programs, ...chunks.map((file) => [`chunks/${file}`, `chunks/${file}`] as const)]);
  const files = [...bundle].map(async ([file, built]) =>
    fileEntry(file, await readFile(path.join(folder, 'dist', built))),
  );
  return {
    manifest,
    packages,
    entries: [
      ...(await Promise.all(files)),
      fileEntry('LICENSE', await readFile(path.join(root, 'LICENSE'))),
      fileEntry('THIRD-PARTY-NOTICES', writeNotices(packages)),
      fileEntry('package.json', Buffer.from(`${JSON.stringify(imageManifest(manifest), undefined, 2)}\n`)),
      ...APP_IMAGES[app].startPaths.map((start) => startScript(start, mainFileOf(app, start.program))),
    ],
  };
}

// Names in the image, and below dist, of what is no chunk (tools/scripts/bundle-app.mjs).
function programFiles(app: ImageApp): ReadonlyMap<string, string> {
  const { programs } = APP_IMAGES[app];
  if (programs === undefined) return new Map(['main.js', 'program.js'].map((file) => [file, file]));
  const bundles = programs.map((name) => `programs/${name}.js`);
  return new Map([
    ...programs.map((name) => [mainFileOf(app, name), `${name}.js`] as const),
    ...bundles.map((file) => [file, file] as const),
  ]);
}

/** A file of the program's folder. */
export function fileEntry(name: string, content: Buffer): Entry {
  return { kind: 'file', path: `${APP_FOLDER}/${name}`, content };
}

// Scripts and dependencies of the source tree mean nothing in an image.
function imageManifest({ name, version, description, license }: AppManifest): object {
  return { name, version, description, license, type: 'module' };
}

/**
 * The file that starts the program under another name. The kernel itself starts Node for a file that begins so: no shell has to be there,
 * and one text does for all processors.
 */
export function startScript({ path: file, args = [] }: StartPath, mainFile = 'main.js'): Entry {
  const main = JSON.stringify(`${APP_FOLDER}/${mainFile}`);
  const added = args.map((arg) => `, ${JSON.stringify(arg)}`).join('');
  const content = `#!${APP_FOLDER}/node\nprocess.argv.splice(1, 1, ${main}${added});\nimport(${main});\n`;
  return { kind: 'file', path: file, content: Buffer.from(content), mode: 0o755 };
}
