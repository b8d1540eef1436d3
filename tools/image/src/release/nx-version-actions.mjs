// How `nx release` reads and writes versions of this repository: package.json of each project with exact versions of one another, and after
// that all else that has the version, so that the tagged commit is complete: the root, the lock file, the programs' version.ts, the change
// log, manifests and pages. Plain JavaScript without a build, because Nx loads it itself (nx.json). Nx's own implementation is in @nx/js,
// which is not installed; it would also call npm, which would look for newer packages.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { VersionActions } from 'nx/release';
import { releasedChangeLog } from './change-log.mjs';

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
/** Where programs have their version in the source, below the folder of an app. */
const VERSION_FILES = ['src/version.ts', 'src/process/version.ts'];
/** Texts of other apps that the cluster-api provider brings along. */
const EMBEDDED = 'apps/capi-packet-manager/src/gen/embedded-files.ts';

/** What Nx asks for each project. */
export default class PackageVersions extends VersionActions {
  validManifestFilenames = ['package.json'];

  async readCurrentVersionFromSourceManifest(tree) {
    const manifestPath = path.posix.join(this.projectGraphNode.data.root, 'package.json');
    return { manifestPath, currentVersion: JSON.parse(tree.read(manifestPath, 'utf-8')).version };
  }

  // The version in the tree counts, whatever a registry has.
  async readCurrentVersionFromRegistry() {
    return null;
  }

  async readCurrentVersionOfDependency(tree, projectGraph, dependency) {
    const name = nameOf(projectGraph, dependency, tree);
    const manifest = JSON.parse(tree.read(path.posix.join(this.projectGraphNode.data.root, 'package.json'), 'utf-8'));
    const kind = KINDS.find((one) => manifest[one]?.[name] !== undefined);
    return { currentVersion: kind ? manifest[kind][name] : null, dependencyCollection: kind ?? null };
  }

  async updateProjectVersion(tree, newVersion) {
    return this.manifestsToUpdate.map(({ manifestPath }) => {
      write(tree, manifestPath, (text) => replaceVersion(text, newVersion));
      return `version ${newVersion} in ${manifestPath}`;
    });
  }

  async updateProjectDependencies(tree, projectGraph, dependencies) {
    const wanted = Object.entries(dependencies).map(([project, version]) => [
      nameOf(projectGraph, project, tree),
      version,
    ]);
    if (wanted.length === 0) return [];
    return this.manifestsToUpdate.map(({ manifestPath }) => {
      write(tree, manifestPath, (text) => wanted.reduce((now, [name, version]) => pin(now, name, version), text));
      return `${wanted.length} dependencies in ${manifestPath}`;
    });
  }
}

/** The rest of the tree, once all projects have their version: nothing is asked of a registry. */
export async function afterAllProjectsVersioned(cwd, { dryRun }) {
  const { version } = JSON.parse(readFileSync(path.join(cwd, 'packages/reconciler-core/package.json'), 'utf8'));
  const edited = ['package.json', 'package-lock.json', 'CHANGELOG.md', ...versionFiles(cwd)];
  if (dryRun) return { changedFiles: edited, deletedFiles: [] };
  edit(cwd, 'CHANGELOG.md', (text) => releasedChangeLog(text, version, new Date().toISOString().slice(0, 10)));
  edit(cwd, 'package.json', (text) => replaceVersion(text, version));
  edit(cwd, 'package-lock.json', (text) => lockWith(text, version));
  for (const file of versionFiles(cwd)) edit(cwd, file, (text) => text.replace(/(VERSION = ')[^']+/, `$1${version}`));
  const written = run(cwd, 'tools/image/src/release/everything/main.ts', '--write-tree').trim().split('\n');
  run(cwd, 'apps/capi-packet-manager/src/generate/write-embedded.ts');
  return { changedFiles: [...edited, ...written, EMBEDDED], deletedFiles: [] };
}

// With the Node of the workspace, which runs TypeScript: Nx may have been started with another.
function run(cwd, script, ...args) {
  const node = path.join(cwd, 'node_modules/.bin/node');
  const PATH = `${path.dirname(node)}${path.delimiter}${process.env.PATH}`;
  const options = { cwd, encoding: 'utf8', env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'inherit'] };
  return execFileSync(node, ['--conditions=@longshore/source', path.join(cwd, script), ...args], options);
}

/** The lock file with this version for all workspaces and what they say of one another. */
export function lockWith(text, version) {
  const lock = JSON.parse(text);
  lock.version = version;
  for (const [place, entry] of Object.entries(lock.packages)) {
    if (place.includes('node_modules')) continue;
    if (entry.version) entry.version = version;
    for (const kind of KINDS) {
      for (const name of Object.keys(entry[kind] ?? {}))
        if (name.startsWith('@longshore/')) entry[kind][name] = version;
    }
  }
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

/** The text of a package.json with another version of its own: formatting stays. */
export function replaceVersion(text, version) {
  return text.replace(/^( {2}"version": ")[^"]+/m, `$1${version}`);
}

function pin(text, name, version) {
  const escaped = name.replace(/[/.]/g, '\\$&');
  return text.replace(new RegExp(`("${escaped}": ")[^"]+`, 'g'), `$1${version}`);
}

function nameOf(projectGraph, project, tree) {
  const { root } = projectGraph.nodes[project].data;
  return JSON.parse(tree.read(path.posix.join(root, 'package.json'), 'utf-8')).name;
}

function versionFiles(cwd) {
  const apps = Object.keys(JSON.parse(readFileSync(path.join(cwd, 'package-lock.json'), 'utf8')).packages);
  return apps
    .filter((place) => /^apps\/[^/]+$/.test(place))
    .flatMap((app) => VERSION_FILES.map((file) => path.posix.join(app, file)))
    .filter((file) => existsSync(path.join(cwd, file)));
}

function write(tree, file, change) {
  tree.write(file, change(tree.read(file, 'utf-8')));
}

function edit(cwd, file, change) {
  const place = path.join(cwd, file);
  writeFileSync(place, change(readFileSync(place, 'utf8')));
}
