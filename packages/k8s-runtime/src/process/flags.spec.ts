// Command lines as Kubernetes' programs take them, and what users are told about wrong ones.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { flagNotices, flagzText, helpText, shownFlags } from './flag-help.ts';
import {
  atLeast,
  boolFlag,
  durationFlag,
  enumFlag,
  floatFlag,
  intFlag,
  mapFlag,
  portOrZero,
  repeatedFlag,
  stringFlag,
  stringListFlag,
} from './flag-kinds.ts';
import { defaultsOf, defineFlags, parseFlags } from './flags.ts';
import { UsageError } from './usage-error.ts';

const table = defineFlags({
  'cloud-provider': stringFlag({ help: 'The provider for cloud services.', group: 'Cloud' }),
  'leader-elect': boolFlag({ default: true, help: 'Elect a leader', group: 'Leader election' }),
  profiling: boolFlag({ default: false, help: 'Serve profiles.', withoutEffect: 'there is nothing to profile' }),
  'secure-port': intFlag({ default: 10258, help: 'The port.', validate: portOrZero }),
  'kube-api-qps': floatFlag({ default: 20, help: 'Requests per second.' }),
  'node-monitor-period': durationFlag({ default: '5s', help: 'The period of looking at nodes.' }),
  controllers: stringListFlag({ default: ['*'], help: 'Controllers to run.' }),
  'feature-gates': mapFlag({ help: 'Switches of features.' }),
  'logging-format': enumFlag({ default: 'text', values: ['text', 'json'], help: 'The format.' }),
  'tls-sni-cert-key': repeatedFlag({ help: 'Pairs.' }),
  'api-token': stringFlag({
    help: 'The token.',
    isSecret: true,
    validate: (text) => (text === 'bad' ? 'is refused' : undefined),
  }),
  'node-sync-period': durationFlag({ default: '0', help: 'Unused.', deprecated: 'it is ignored since 1.15' }),
  'concurrent-node-syncs': intFlag({ default: 1, help: 'Workers.', validate: atLeast(1) }),
  v: intFlag({ default: 0, short: 'v', help: 'Log level.' }),
  namespace: stringFlag({ short: 'n', help: 'Namespace.' }),
  hidden: stringFlag({ isHidden: true, help: 'Not for users.' }),
});
const program = { program: 'do-ccm', version: '0.1.0', description: 'Runs DigitalOcean for Kubernetes.' };

function run(...argv: string[]) {
  const parsed = parseFlags(table, argv, program);
  if (parsed.kind !== 'run') throw new Error(`asked to print: ${parsed.text}`);
  return parsed;
}

function problemsOf(...argv: string[]): readonly string[] {
  try {
    run(...argv);
    return [];
  } catch (error) {
    return (error as UsageError).problems;
  }
}

describe('parseFlags', () => {
  test.each([
    { line: [], values: { 'leader-elect': true, 'secure-port': 10258, 'node-monitor-period': 5_000 } },
    { line: ['--cloud-provider=digitalocean'], values: { 'cloud-provider': 'digitalocean' } },
    { line: ['--cloud-provider', 'digitalocean'], values: { 'cloud-provider': 'digitalocean' } },
    { line: ['--cloud_provider=digitalocean'], values: { 'cloud-provider': 'digitalocean' } },
    { line: ['-cloud-provider=digitalocean'], values: { 'cloud-provider': 'digitalocean' } },
    { line: ['--cloud-provider='], values: { 'cloud-provider': '' } },
    { line: ['--cloud-provider=a=b'], values: { 'cloud-provider': 'a=b' } },
    { line: ['--cloud-provider', '--x'], values: { 'cloud-provider': '--x' } },
    { line: ['--leader-elect'], values: { 'leader-elect': true } },
    { line: ['--leader-elect=false'], values: { 'leader-elect': false } },
    { line: ['--leader-elect=F', '--profiling'], values: { 'leader-elect': false, profiling: true } },
    { line: ['--profiling', '--leader-elect=0'], values: { profiling: true, 'leader-elect': false } },
    { line: ['-v=4'], values: { v: 4 } },
    { line: ['-v', '4'], values: { v: 4 } },
    { line: ['-v4'], values: { v: 4 } },
    { line: ['--v=4'], values: { v: 4 } },
    { line: ['-n', 'x'], values: { namespace: 'x' } },
    { line: ['--secure-port=0'], values: { 'secure-port': 0 } },
    { line: ['--secure-port=1', '--secure-port=2'], values: { 'secure-port': 2 } },
    { line: ['--kube-api-qps=0.5'], values: { 'kube-api-qps': 0.5 } },
    { line: ['--node-monitor-period=1m30s'], values: { 'node-monitor-period': 90_000 } },
    { line: ['--controllers=-route,service'], values: { controllers: ['-route', 'service'] } },
    { line: ['--controllers=a', '--controllers=b,c'], values: { controllers: ['a', 'b', 'c'] } },
    { line: ['--feature-gates=A=true,B=false'], values: { 'feature-gates': { A: 'true', B: 'false' } } },
    { line: ['--feature-gates=A=true', '--feature-gates=A=false'], values: { 'feature-gates': { A: 'false' } } },
    { line: ['--logging-format=json'], values: { 'logging-format': 'json' } },
    { line: ['--tls-sni-cert-key=a,b', '--tls-sni-cert-key=c,d'], values: { 'tls-sni-cert-key': ['a,b', 'c,d'] } },
  ])('$line', ({ line, values }) => {
    expect(run(...line).values).toMatchObject(values);
  });

  test('tells which flags were given', () => {
    expect(run('--leader_elect=true', '-v=2').given).toEqual(new Set(['leader-elect', 'v']));
  });

  test.each([
    { line: ['--nope'], problem: 'unknown flag --nope (see --help)' },
    { line: ['--nope', 'value'], problem: 'unknown flag --nope (see --help)' },
    { line: ['--leader-elec'], problem: 'unknown flag --leader-elec (did you mean --leader-elect?)' },
    { line: ['-x'], problem: 'unknown flag -x (see --help)' },
    { line: ['start'], problem: 'unexpected argument "start": only flags are taken, and they start with --' },
    { line: ['--'], problem: 'unexpected argument "--": only flags are taken, and they start with --' },
    { line: ['--secure-port'], problem: '--secure-port needs a value (int)' },
    { line: ['--secure-port=x'], problem: '--secure-port: "x" is not a whole number' },
    { line: ['--secure-port=70000'], problem: '--secure-port: "70000" is not a port (0-65535)' },
    { line: ['--leader-elect=maybe'], problem: '--leader-elect: "maybe" is not a boolean; allowed: true, false' },
    {
      line: ['--node-monitor-period=5'],
      problem: '--node-monitor-period: "5" is not a duration; write it like 300ms, 10s, 1h30m',
    },
    { line: ['--logging-format=xml'], problem: '--logging-format: "xml" is not allowed; allowed: text, json' },
    { line: ['--feature-gates=A'], problem: '--feature-gates: "A" is not a list like a=true,b=false' },
    { line: ['--kube-api-qps='], problem: '--kube-api-qps: "" is not a number' },
    { line: ['--concurrent-node-syncs=0'], problem: '--concurrent-node-syncs: "0" must be 1 or more' },
    { line: ['--api-token=bad'], problem: '--api-token: the value is refused' },
  ])('$line is refused: $problem', ({ line, problem }) => {
    expect(problemsOf(...line)).toEqual([problem]);
  });

  test('all problems are reported together', () => {
    expect(problemsOf('--nope', '--secure-port=x', 'start', '-v=y')).toHaveLength(4);
  });

  test('problems between flags are reported when every single one is fine', () => {
    const check = (): readonly string[] => ['--a and --b exclude each other'];
    expect(() => parseFlags(table, [], { ...program, check })).toThrow('--a and --b exclude each other');
    expect(() => parseFlags(table, ['-v=x'], { ...program, check })).toThrow('--v: "x" is not a whole number');
  });

  test.each([['--version'], ['-version'], ['--version=true'], ['--version', '--nope']])(
    '%s prints the version',
    (...line) => {
      expect(parseFlags(table, line, program)).toEqual({ kind: 'print', text: 'do-ccm v0.1.0\n' });
    },
  );

  test('--help prints the help whatever else is wrong', () => {
    expect(parseFlags(table, ['--nope', '-h'], program).kind).toBe('print');
  });

  test('a given value is what comes out, whichever way it is written', () => {
    const text = fc.string().filter((value) => !value.startsWith('\0'));
    fc.assert(
      fc.property(text, fc.boolean(), (value, isSeparate) => {
        const line = isSeparate ? ['--cloud-provider', value] : [`--cloud-provider=${value}`];
        expect(run(...line).values['cloud-provider']).toBe(value);
      }),
    );
  });

  test('no command line makes the parser throw anything but a UsageError', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(...Object.keys(table).map((name) => `--${name}`)),
      fc.constant('-v'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (line) => {
        try {
          parseFlags(table, line, program);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});

describe('what is shown', () => {
  test('--help is grouped and readable', () => {
    const golden = new URL('./__golden__/help.txt', import.meta.url);
    const text = helpText(table, program);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  test('secret values are not shown', () => {
    const shown = shownFlags(table, run('--api-token=abc', '--v=2').values);
    expect(shown).toContainEqual({ name: 'api-token', value: '<redacted>' });
    expect(shown).toContainEqual({ name: 'v', value: '2' });
  });

  test('/flagz lists all flags by name', () => {
    const lines = flagzText('do-ccm', table, defaultsOf(table)).split('\n');
    expect(lines[1]).toBe('do-ccm flags');
    expect(lines).toContain('leader-elect=true');
    expect(lines).toContain('node-monitor-period=5s');
    expect(lines.filter((line) => line.includes('='))).toHaveLength(Object.keys(table).length);
  });

  test('flags without effect and deprecated ones are told of when given', () => {
    const notices = flagNotices(table, new Set(['profiling', 'node-sync-period', 'v']));
    expect(notices).toEqual([
      { message: 'flag has no effect', flag: '--profiling', reason: 'there is nothing to profile' },
      { message: 'flag is deprecated', flag: '--node-sync-period', reason: 'it is ignored since 1.15' },
    ]);
  });

  test('a flag name with capitals or underscores is a mistake of the program', () => {
    expect(() => defineFlags({ node_period: boolFlag({ default: false, help: '' }) })).toThrow('joined by -');
  });
});
