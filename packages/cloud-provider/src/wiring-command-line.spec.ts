import { describe, expect, test } from '@jest/globals';
import { ccmFlags } from './flags.ts';
import { commandsHelp, splitCommandLine, splitWords } from './wiring-command-line.ts';

describe('splitCommandLine', () => {
  test.each([
    { argv: [], command: undefined, rest: [] },
    { argv: ['--v=2'], command: undefined, rest: ['--v=2'] },
    { argv: ['plan', '--v=2'], command: 'plan', rest: ['--v=2'] },
    { argv: ['frob'], command: 'frob', rest: [] },
  ])('$argv', ({ argv, command, rest }) => {
    expect(splitCommandLine(argv)).toEqual({ command, rest });
  });
});

describe('splitWords', () => {
  test.each([
    { rest: ['service', 'a/b', '--kubeconfig', 'k'], words: ['service', 'a/b'], flags: ['--kubeconfig', 'k'] },
    { rest: ['--kubeconfig', 'k', 'service', 'a/b'], words: ['service', 'a/b'], flags: ['--kubeconfig', 'k'] },
    { rest: ['--kubeconfig=k', 'node', 'n'], words: ['node', 'n'], flags: ['--kubeconfig=k'] },
    { rest: ['--leader_elect', 'node', 'n'], words: ['node', 'n'], flags: ['--leader_elect'] },
    { rest: ['-v', '4', 'node'], words: ['node'], flags: ['-v', '4'] },
    { rest: ['-v4', 'node'], words: ['node'], flags: ['-v4'] },
    { rest: ['--unknown', 'node'], words: ['node'], flags: ['--unknown'] },
  ])('$rest', ({ rest, words, flags }) => {
    expect(splitWords(rest, ccmFlags)).toEqual({ words, flags });
  });
});

test('the help names all commands', () => {
  expect(commandsHelp('acme-ccm')).toMatch(/plan[\s\S]*explain[\s\S]*orphans[\s\S]*version[\s\S]*help/);
});
