// The workflows cannot run here, so what they say is compared with what there is: scripts, commands, options, minors, artifact names.
import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { MINORS } from '@longshore/embedded-control-plane';
import { parse } from 'yaml';
import { root } from './config.ts';
import { parseCommandLine } from './options.ts';
import { TESTED_IMAGE } from './release/hosting.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly needs?: string;
        readonly steps: readonly Step[];
        readonly strategy?: { readonly matrix: { readonly kubernetes: readonly string[] } };
      }
    >
  >;
}

const folder = path.join(root, '.github/workflows');
const files = readdirSync(folder);
const read = (file: string): Workflow => parse(readFileSync(path.join(folder, file), 'utf8')) as Workflow;
const scripts = (
  JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;
// Programs that every runner has.
const SYSTEM = ['sudo', 'npm', 'cmp', 'mkdir', 'mv', 'sha256sum', 'kubectl', 'cat'];

describe.each(files)('%s', (file) => {
  const { jobs } = read(file);
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const commands = steps.flatMap(({ run }) => run?.split(/\n|&&/).map((line) => line.trim()) ?? []).filter(Boolean);

  test('every action has a major version', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@v\d+$/.test(action))).toEqual([]);
  });

  test('every command is a program of the system or an executable of the repository', () => {
    const words = commands.map((command) => command.replace(/^sudo (--\S+ )*/, '').split(' ')[0] ?? '');
    const unknown = words.filter(
      (word) =>
        !SYSTEM.includes(word) && !(existsSync(path.join(root, word)) && statSync(path.join(root, word)).mode & 0o111),
    );
    expect(unknown).toEqual([]);
    expect(words).toContain('.ci/run');
  });

  test('every script of npm run exists, and npm run image takes its options', () => {
    const runs = commands.flatMap((command) => /^npm run (?:-s )?(\S+)(?: -- (.*))?$/.exec(command) ?? []);
    expect(runs.length).toBeGreaterThan(0);
    for (const command of commands.filter((one) => one.startsWith('npm run '))) {
      const [, script = '', args = ''] = /^npm run (?:-s )?(\S+)(?: -- (.*))?$/.exec(command) ?? [];
      expect(Object.keys(scripts)).toContain(script);
      if (script === 'image') expect(parseCommandLine(args.split(' '))).toMatchObject({ kind: 'build' });
    }
  });

  test('every job that another one needs exists', () => {
    for (const { needs } of Object.values(jobs)) if (needs) expect(Object.keys(jobs)).toContain(needs);
  });
});

test('the three minors are those that can be started', () => {
  const { jobs } = read('ci.yml');
  expect(jobs['cluster']?.strategy?.matrix.kubernetes.toSorted()).toEqual([...MINORS].sort());
});

test('the image that is kept is what a release looks for, and only after the tests', () => {
  const { jobs } = read('ci.yml');
  const upload = jobs['image']?.steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact'));
  expect(upload?.with).toMatchObject({ name: TESTED_IMAGE });
  expect(jobs['image']?.needs).toBe('test');
  const text = readFileSync(path.join(folder, 'ci.yml'), 'utf8');
  for (const name of ['image.tar', 'image.tar.sha256']) expect(text).toContain(name);
});
