import { describe, expect, test } from '@jest/globals';
import { intFlag, SecretRedactor, stringFlag } from '@longshore/k8s-runtime/process';
import type { ProcessContext } from '@longshore/k8s-runtime/process';
import { runProgram } from './run.ts';
import { defineCommand } from './wiring-command-own.ts';

const seen: object[] = [];
const body = defineCommand({
  description: 'Greets, which no controller does.',
  flags: {
    port: intFlag({ default: 9443, group: 'Greeting', help: 'Where to greet.' }),
    whom: stringFlag({ group: 'Greeting', help: 'Whom to greet.' }),
  },
  check: ({ whom, port }) => (whom === '' && port !== 0 ? ['--whom must be given with --port'] : []),
  run: ({ values, given }) => {
    seen.push({ port: values.port, whom: values.whom, given: [...given] });
    return Promise.resolve(7);
  },
});

const program = {
  name: 'acme-ccm',
  providerName: 'acme',
  version: 'v1.2.3',
  description: 'A cloud controller manager for acme',
  create: () => Promise.reject(new Error('must not be called')),
  commands: [{ name: 'greet', takes: '[flags]', summary: 'greet somebody', load: () => Promise.resolve(body) }],
};

function context(...argv: readonly string[]): ProcessContext & { readonly printed: string[] } {
  const printed: string[] = [];
  const signal = new AbortController().signal;
  const print = (text: string): void => void printed.push(text);
  return { argv, env: {}, signal, secrets: new SecretRedactor(), print, useLogger: () => {}, printed };
}

describe('a command of the program', () => {
  test('runs with its own flags, and its number is the exit code', async () => {
    expect(await runProgram(program, context('greet', '--whom=you', '--port', '8443'))).toBe(7);
    expect(seen).toEqual([{ port: 8443, whom: 'you', given: ['whom', 'port'] }]);
  });

  test.each([{ argv: ['--help'] }, { argv: ['help'] }])('is listed by $argv', async ({ argv }) => {
    const process = context(...argv);
    await runProgram(program, process);
    expect(process.printed.join('')).toMatch(/^ {2}plan .*\n(.*\n)* {2}greet \[flags\] +greet somebody$/m);
  });

  test.each([{ argv: ['help', 'greet'] }, { argv: ['greet', '--help'] }])('$argv shows its flags', async ({ argv }) => {
    const process = context(...argv);
    expect(await runProgram(program, process)).toBe(0);
    const text = process.printed.join('');
    expect(text).toContain('Greets, which no controller does.');
    expect(text).toContain('acme-ccm greet [flags]');
    expect(text).toMatch(/--port/);
    expect(text).not.toContain('--leader-elect');
  });

  test.each([
    { argv: ['greet', '--leader-elect'], says: 'unknown flag --leader-elect' },
    { argv: ['greet', 'you'], says: 'unexpected argument "you"' },
    { argv: ['greet', '--port=x'], says: '--port: "x"' },
    { argv: ['greet'], says: '--whom must be given with --port' },
    { argv: ['gret'], says: '"gret" is no command; there are: plan, explain, orphans, version, help, greet' },
  ])('$argv is refused', async ({ argv, says }) => {
    await expect(runProgram(program, context(...argv))).rejects.toThrow(says);
  });
});
