// `npm run image -- table`: builds all images for both processors, starts every program some times, and writes the table into README.md.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { imageApps, imageRepository } from './app-names.ts';
import { buildImages, makeBases } from './build-image.ts';
import type { BuildSettings, BuiltImages } from './build-image.ts';
import { imageTable, withTable } from './readme-table.ts';
import type { ImageFigures } from './readme-table.ts';
import { measureStart } from './start-time.ts';

/** Measures, writes, and resolves with the table. */
export async function writeTable(settings: BuildSettings): Promise<string> {
  const bases = await makeBases(settings);
  const figures: ImageFigures[] = [];
  for (const app of imageApps) {
    const built = await buildImages(app, bases, settings);
    settings.onProgress(`starts of ${app}`);
    const layers = { amd64: layersOf(built, 'amd64'), arm64: layersOf(built, 'arm64') };
    figures.push({ image: imageRepository(app), layers, startMs: await measureStart(app, settings.root) });
  }
  const table = imageTable(figures);
  const readme = path.join(settings.root, 'README.md');
  await writeFile(readme, withTable(await readFile(readme, 'utf8'), table));
  return table;
}

function layersOf({ images }: BuiltImages, arch: 'amd64' | 'arm64'): readonly number[] {
  return images.find((image) => image.arch === arch)?.layers.map(({ size }) => size) ?? [];
}
