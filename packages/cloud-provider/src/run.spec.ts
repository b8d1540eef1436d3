import { describe, expect, test } from '@jest/globals';
import { SecretRedactor } from '@longshore/k8s-runtime/process';
import type { ProcessContext } from '@longshore/k8s-runtime/process';
import { runProgram } from './run.ts';

const program = {
  name: 'acme-ccm',
  providerName: 'acme',
  version: 'v1.2.3',
  description: 'A cloud controller manager for acme',
  secrets: (env: ProcessContext['env']): readonly (string | undefined)[] => [env['ACME_TOKEN']],
  create: () => Promise.reject(new Error('must not be called')),
};

function context(...argv: readonly string[]): ProcessContext & { readonly printed: string[] } {
  const printed: string[] = [];
  return {
    argv,
    env: { ACME_TOKEN: 'secret-token-of-acme' },
    signal: new AbortController().signal,
    secrets: new SecretRedactor(),
    print: (text) => void printed.push(text),
    useLogger: () => {},
    printed,
  };
}

describe('runProgram', () => {
  test('--help shows flags and commands', async () => {
    const process = context('--help');
    expect(await runProgram(program, process)).toBe(0);
    const text = process.printed.join('');
    for (const part of [
      'Usage:\n  acme-ccm [flags]',
      '--cloud-provider',
      '--leader-elect',
      '--load-balancer-sync-period',
      'explain service',
    ]) {
      expect(text).toContain(part);
    }
  });

  test.each([
    { argv: ['version'], text: 'acme-ccm v1.2.3\n' },
    { argv: ['--version'], text: 'acme-ccm v1.2.3\n' },
    { argv: ['help'], text: 'Commands' },
    { argv: ['help', 'plan'], text: 'acme-ccm plan' },
    { argv: ['explain', '--help'], text: 'acme-ccm explain service NAMESPACE/NAME | explain node NAME' },
  ])('$argv prints and ends', async ({ argv, text }) => {
    const process = context(...argv);
    expect(await runProgram(program, process)).toBe(0);
    expect(process.printed.join('')).toContain(text);
  });

  test('an unknown command is refused, with those that exist', async () => {
    await expect(runProgram(program, context('plna'))).rejects.toThrow(
      '"plna" is no command; there are: plan, explain, orphans, version, help',
    );
  });

  test('row P7 without --cloud-provider nothing starts', async () => {
    await expect(runProgram(program, context('--kubeconfig=/nowhere'))).rejects.toThrow(
      '--cloud-provider cannot be empty',
    );
  });

  test('secrets are known before the first line is printed', async () => {
    const process = context('--help');
    await runProgram(program, process);
    expect(process.secrets.redact('token secret-token-of-acme')).toBe('token <redacted>');
  });
});
