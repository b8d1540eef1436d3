// `npm run boundaries`: reads the workspace, prints each broken import rule, exits 1 when there is one.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkBoundaries } from './check.ts';
import type { Project } from './check.ts';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly nx?: { readonly tags?: readonly string[] };
}

const root = path.resolve(import.meta.dirname, '../../..');

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Manifest;
}

function sourcesOf(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' });
  const files = names
    .map((name) => name.replaceAll(path.sep, '/'))
    .filter((name) => name.endsWith('.ts') && !/(^|\/)(node_modules|dist)\//.test(name))
    .map((name) => `${folder}/${name}`);
  return new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
}

function readProjects(): readonly Project[] {
  const folders = ['packages', 'apps', 'tools'].flatMap((group) =>
    readdirSync(path.join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${group}/${entry.name}`),
  );
  return folders.filter(hasManifest).map((folder) => {
    const manifest = readManifest(folder);
    const layer = (manifest.nx?.tags ?? []).find((tag) => tag.startsWith('layer:'))?.slice('layer:'.length) ?? 'none';
    return {
      name: manifest.name,
      folder,
      layer,
      dependencies: Object.keys({
        ...manifest.dependencies,
        ...manifest.peerDependencies,
        ...manifest.optionalDependencies,
      }),
      devDependencies: Object.keys(manifest.devDependencies ?? {}),
      files: sourcesOf(folder),
    };
  });
}

function hasManifest(folder: string): boolean {
  return readdirSync(path.join(root, folder)).includes('package.json');
}

const projects = readProjects();
const violations = checkBoundaries(projects, Object.keys(readManifest('.').devDependencies ?? {}));
for (const violation of violations) console.error(`${violation.file}:${violation.line} ${violation.message}`);
const fileCount = projects.reduce((sum, project) => sum + project.files.size, 0);
console.log(`boundaries: ${projects.length} projects, ${fileCount} files, ${violations.length} violations`);
process.exit(violations.length > 0 ? 1 : 0);
