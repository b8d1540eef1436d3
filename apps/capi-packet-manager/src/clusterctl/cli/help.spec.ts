// What both programs print for `--help`, for each command of clusterctl as well, and for `--version`, as pages that are kept.
// UPDATE_GOLDEN=1 rewrites them.
import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ProcessContext } from '@longshore/k8s-runtime/process';
import { runManager } from '../../process/run-manager.ts';
import { VERSION } from '../../process/version.ts';
import { commandTree, runCli } from './main.ts';
import type { CliParts } from './main.ts';

const WIDTH = 100;

function expectPage(name: string, text: string): void {
  const page = new URL(`../../process/__golden__/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, text);
  expect(text).toBe(readFileSync(page, 'utf8'));
}

function partsInto(lines: string[]): CliParts {
  const write = (text: string): void => void lines.push(text);
  // Nothing of it is needed for help.
  return { host: () => ({}) as never, out: write, err: write, generate: {} as never };
}

/** All commands with their words, in the order in which help lists them. */
function pagesOf(command: Command, words: readonly string[]): readonly string[] {
  command.configureOutput({ getOutHelpWidth: () => WIDTH });
  const own = `$ ${words.join(' ')} --help\n${command.helpInformation()}`;
  return [own, ...command.commands.flatMap((child) => pagesOf(child, [...words, child.name()]))];
}

test('CA row P24 help of clusterctl and of each of its commands', () => {
  const tree = commandTree(partsInto([]), () => Promise.resolve());
  expectPage('clusterctl.txt', pagesOf(tree, ['clusterctl']).join('\n'));
});

test('help and version of the manager', async () => {
  const printed: string[] = [];
  const context = { env: {}, print: (text: string) => void printed.push(text) } as unknown as ProcessContext;
  expect(await runManager({ ...context, argv: ['--help'] })).toBe(0);
  expectPage('manager.txt', printed.splice(0).join(''));
  expect(await runManager({ ...context, argv: ['--version'] })).toBe(0);
  expect(printed.join('')).toBe(`manager v${VERSION}\n`);
});

test('version of clusterctl', async () => {
  const printed: string[] = [];
  expect(await runCli(['--version'], partsInto(printed))).toBe(0);
  expect(printed.join('')).toBe(`${VERSION}\n`);
});
