// `npm run image`: builds, writes and perhaps pushes the images of the programs, and prints what came out of it.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { messageOf } from '@longshore/reconciler-core';
import { imageApps, imageRepository } from './app-names.ts';
import { buildImages, makeBases } from './build-image.ts';
import type { BuildSettings } from './build-image.ts';
import { loadArchive } from './load-archive.ts';
import { imageCache, imageTime, root } from './config.ts';
import { HELP, parseCommandLine } from './options.ts';
import type { ImageOptions } from './options.ts';
import { pushImages } from './push.ts';
import { reportTable } from './report-table.ts';
import { writeImages } from './write-images.ts';
import type { ImageReport } from './write-images.ts';
import { writeTable } from './write-table.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  const request = parseCommandLine(process.argv.slice(2));
  if (request.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (request.kind === 'mistake') {
    console.error(`image: ${request.message} (--help shows all options)`);
    return 2;
  }
  try {
    if (request.kind === 'table') {
      console.log(await writeTable(tableSettings()));
      return 0;
    }
    const reports = await run(request.options);
    console.log(request.options.print === 'json' ? JSON.stringify(reports, undefined, 2) : reportTable(reports));
    return 0;
  } catch (error) {
    console.error(`image: ${messageOf(error)}`);
    return 1;
  }
}

// A function with a name: the program begins above, before a constant would be there.
function usualSettings(): Pick<BuildSettings, 'root' | 'cacheFolder' | 'isReusingLayers' | 'created' | 'onProgress'> {
  return {
    root,
    cacheFolder: imageCache(),
    isReusingLayers: true,
    created: imageTime(),
    onProgress: (message: string) => console.error(`  ${message}`),
  };
}

// Not with the machine's own libraries: the sizes are to be the same everywhere.
function tableSettings(): BuildSettings {
  buildApps(imageApps);
  const platforms = ['amd64', 'arm64'] as const;
  return { ...usualSettings(), platforms, libraries: 'pinned', prefix: 'longshore', labels: {} };
}

async function run(options: ImageOptions): Promise<readonly ImageReport[]> {
  if (options.isBuilding) buildApps(options.apps);
  const settings: BuildSettings = { ...usualSettings(), ...options };
  const bases = await makeBases(settings);
  const reports: ImageReport[] = [];
  for (const app of options.apps) {
    const built = await buildImages(app, bases, settings);
    const report = await writeImages(built, options.format, path.resolve(options.folder));
    reports.push(report);
    if (options.isLoading) console.error(`  ${loadArchive(report.file, built.reference)}`);
    if (options.isPushingReference) {
      console.error(`  pushed ${built.reference} ${await pushImages(built, built.reference, settings)}`);
    }
    if (options.push) {
      const tag = built.reference.slice(built.reference.lastIndexOf(':') + 1);
      const digest = await pushImages(built, `${imageRepository(app, options.push)}:${tag}`, settings);
      console.error(`  pushed ${imageRepository(app, options.push)}:${tag} ${digest}`);
    }
  }
  return reports;
}

// Unchanged apps come from Nx's cache; what it prints goes to stderr, for stdout may be JSON.
function buildApps(apps: readonly string[]): void {
  const projects = apps.map((app) => `@longshore/${app}`).join(',');
  const nx = path.join(root, 'node_modules/.bin/nx');
  const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' };
  const result = spawnSync(nx, ['run-many', '-t', 'build', '-p', projects, '--output-style=static'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) throw new Error('the programs could not be built: see above');
}
