// The libraries as a user gets them: packed, then installed into an empty project outside the repository.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './test-results.ts';

const execute = promisify(execFile);

/** One library's package after packing. */
export interface PackedLibrary {
  readonly name: string;
  readonly tarball: string;
  readonly files: readonly string[];
  /** Entry points: `.` and sub-paths such as `./testing`. */
  readonly entries: readonly string[];
}

/** Packages that are published: all of packages/. */
export function libraryFolders(): readonly string[] {
  return readdirSync(path.join(root, 'packages')).map((name) => path.join(root, 'packages', name));
}

/** Packs every library into `destination`; they must have been built. */
export async function packLibraries(destination: string): Promise<readonly PackedLibrary[]> {
  const packed: PackedLibrary[] = [];
  for (const folder of libraryFolders()) {
    const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', destination], { cwd: folder });
    const [report] = firstReports(JSON.parse(stdout));
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      readonly exports: Record<string, unknown>;
    };
    packed.push({
      name: report.name,
      tarball: path.join(destination, report.filename),
      files: report.files.map((file) => file.path),
      entries: Object.keys(manifest.exports),
    });
  }
  return packed;
}

interface PackReport {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

// npm 10 prints a list of reports, npm 11.19 an object by package name.
function firstReports(parsed: unknown): readonly [PackReport] {
  const reports = Array.isArray(parsed) ? parsed : Object.values(parsed as object);
  return [reports[0] as PackReport];
}

/** An empty project with the packed libraries installed. */
export async function installInto(packed: readonly PackedLibrary[], more: readonly string[]): Promise<string> {
  const project = mkdtempSync(path.join(os.tmpdir(), 'longshore-packed-'));
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  const args = ['install', ...flags, ...packed.map((library) => library.tarball), ...more];
  for (let attempt = 1; ; attempt += 1) {
    try {
      await execute('npm', args, { cwd: project, maxBuffer: 1 << 24 });
      return project;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** Runs a command in the project; resolves with what it wrote. */
export async function runIn(project: string, command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await execute(command, [...args], { cwd: project, maxBuffer: 1 << 24 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
