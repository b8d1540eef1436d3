// entry/entry.js, the first file of every bundled program, as a real process.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'entry-'));
  const entry = readFileSync(new URL('../../entry/entry.js', import.meta.url), 'utf8');
  writeFileSync(
    join(folder, 'main.js'),
    entry
      .replaceAll('__V8_FLAGS__', '')
      .replaceAll('__PROGRAM__', 'demo')
      .replaceAll('__CHUNK__', 'chunk.js')
      .replaceAll('__BUILTINS__', 'node:tls node:http2'),
  );
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  // Another Node's version number, for the guard.
  writeFileSync(
    join(folder, 'pretend.cjs'),
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: process.env.PRETEND } });',
  );
  // What V8 calls compiled code fit for, each time when a module of Node is asked for.
  writeFileSync(
    join(folder, 'watch.cjs'),
    `const { cachedDataVersionTag } = require('node:v8');
    const { getBuiltinModule } = process;
    globalThis.tags = { first: cachedDataVersionTag() };
    process.getBuiltinModule = (name) => {
      globalThis.tags[name] = cachedDataVersionTag();
      return getBuiltinModule(name);
    };`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Setting {
  /** What it shall take this Node for. */
  readonly nodeVersion?: string;
  readonly flags?: string;
  /** A script of the folder that runs before the program. */
  readonly preload?: string;
}

function run(chunk: string, { nodeVersion, flags, preload }: Setting = {}) {
  writeFileSync(join(folder, 'chunk.js'), chunk);
  const script = nodeVersion === undefined ? preload : 'pretend.cjs';
  const required = script === undefined ? [] : ['--require', join(folder, script)];
  const env = { ...process.env, PRETEND: nodeVersion, ...(flags === undefined ? {} : { LONGSHORE_V8_FLAGS: flags }) };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...required, join(folder, 'main.js')], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test.each(['8.17.0', '18.20.4', '20.20.2', '22.18.9'])(
  'on Node %s it says so in one line and exits 2',
  (nodeVersion) => {
    expect(run('console.log("up")', { nodeVersion })).toEqual({
      status: 2,
      stdout: '',
      stderr: `demo: needs Node.js 22.19 or newer, this is ${nodeVersion}\n`,
    });
  },
);

test.each(['22.19.0', '24.0.0', '100.0.0'])('on Node %s the program starts', (nodeVersion) => {
  expect(run('console.log("up")', { nodeVersion })).toEqual({ status: 0, stdout: 'up\n', stderr: '' });
});

test('the young generation of the heap stays small, unless the environment says otherwise', () => {
  const chunk = `
    const kept = []; for (let i = 0; i < 1e6; i++) kept[i % 200000] = { i, list: [i] };
    const young = process.getBuiltinModule('node:v8').getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    console.log(young.space_size <= 3 * 1024 * 1024 ? 'small' : 'large');`;
  expect(run(chunk).stdout).toBe('small\n');
  expect(run(chunk, { flags: '' }).stdout).toBe('large\n');
});

test('modules of Node are loaded while their compiled code is fit, then come the flags that make it unfit', () => {
  const chunk = `
    const { first, ...tags } = globalThis.tags;
    const now = process.getBuiltinModule('node:v8').cachedDataVersionTag();
    console.log([tags['node:tls'] === first, tags['node:http2'] === first, now === first].join(' '));`;
  expect(run(chunk, { preload: 'watch.cjs' }).stdout).toBe('true true false\n');
});

test('a chunk that cannot be loaded is one line and exit code 1', () => {
  const { status, stderr } = run('throw new Error("broken")');
  expect([status, stderr]).toEqual([1, 'demo: cannot start: broken\n']);
});

test('it is written in ES2018 but for import()', () => {
  const entry = readFileSync(new URL('../../entry/entry.js', import.meta.url), 'utf8');
  expect(entry).not.toMatch(/\?\.|\?\?|=>|\bconst\b|\blet\b|`|^import /m);
});
