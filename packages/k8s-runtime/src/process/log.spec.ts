// Log lines as klog and Kubernetes' JSON logger write them.
import { describe, expect, test } from '@jest/globals';
import { createLogger } from './log.ts';
import type { LogOptions, RootLogger } from './log.ts';
import { SecretRedactor } from './secrets.ts';
import { parseVmodule } from './verbosity.ts';

const now = (): Date => new Date(2026, 10, 21, 10, 2, 58, 123);

function aLogger(options: Partial<LogOptions> = {}): { log: RootLogger; lines: string[] } {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text.replace(/ +\d+ (\S+\])/, ' PID $1')) };
  return { lines, log: createLogger({ format: 'text', verbosity: 0, stream, now, ...options }) };
}

describe('text', () => {
  test.each([
    { what: 'text', fields: { node: 'node-1' }, shown: 'node="node-1"' },
    { what: 'a number', fields: { count: 3 }, shown: 'count=3' },
    { what: 'a boolean', fields: { ready: true }, shown: 'ready=true' },
    { what: 'an object', fields: { at: { a: 1, b: 'x' } }, shown: 'at={"a":1,"b":"x"}' },
    { what: 'a list', fields: { names: ['a', 'b'] }, shown: 'names=["a","b"]' },
    { what: 'quotes', fields: { say: 'a "b"' }, shown: 'say="a \\"b\\""' },
    { what: 'several lines', fields: { text: 'a\nb' }, shown: 'text=<\n\ta\n\tb\n >' },
    { what: 'a bigint', fields: { size: 12n }, shown: 'size="12"' },
    { what: 'an absent value', fields: { a: undefined, b: 1 }, shown: 'b=1' },
    { what: 'null', fields: { a: null }, shown: 'a=null' },
    { what: 'a date', fields: { at: new Date(0) }, shown: 'at="1970-01-01T00:00:00.000Z"' },
    {
      what: 'an error',
      fields: { a: 1, error: new Error('no', { cause: new Error('why') }) },
      shown: 'err="no: why" a=1',
    },
  ])('$what', ({ fields, shown }) => {
    const { log, lines } = aLogger({ name: 'do-ccm' });
    log.info('node initialized', fields);
    expect(lines).toEqual([`I1121 10:02:58.123000 PID do-ccm] "node initialized" ${shown}\n`]);
  });

  test('a value that cannot be shown does not cost the line', () => {
    const { log, lines } = aLogger();
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    log.info('x', { loop });
    expect(lines[0]).toContain('"x" loop="<not shown:');
  });

  test('the first letter says how bad it is', () => {
    const { log, lines } = aLogger();
    log.error('e');
    log.warn('w');
    log.info('i');
    expect(lines.map((line) => line[0])).toEqual(['E', 'W', 'I']);
  });

  test('a child adds its fields, and its name stands where klog has the file', () => {
    const { log, lines } = aLogger();
    log.child({ name: 'lease', lease: 'x' }).child({ attempt: 2 }).info('m', { name: 'object' });
    expect(lines).toEqual(['I1121 10:02:58.123000 PID lease] "m" lease="x" attempt=2 name="object"\n']);
  });
});

describe('json', () => {
  test('a line', () => {
    const { log, lines } = aLogger({ format: 'json', verbosity: 2 });
    log.child({ name: 'node' }).verbose(2, 'done', { node: 'n', ts: 'mine' });
    expect(JSON.parse(lines[0] ?? '')).toEqual({ ts: now().getTime(), logger: 'node', msg: 'done', v: 2, node: 'n' });
  });

  test('errors carry err and no level', () => {
    const { log, lines } = aLogger({ format: 'json' });
    log.error('failed', { error: new Error('why') });
    expect(JSON.parse(lines[0] ?? '')).toEqual({ ts: now().getTime(), logger: 'main', msg: 'failed', err: 'why' });
  });
});

describe('verbosity', () => {
  test.each([
    { v: 0, level: 0, isShown: true },
    { v: 0, level: 1, isShown: false },
    { v: 4, level: 4, isShown: true },
    { v: 4, level: 5, isShown: false },
  ])('-v=$v, level $level: $isShown', ({ v, level, isShown }) => {
    const { log, lines } = aLogger({ verbosity: v });
    log.verbose(level, 'x');
    expect(lines.length > 0).toBe(isShown);
    expect(log.isVerbose(level)).toBe(isShown);
  });

  test('--vmodule raises single loggers', () => {
    const vmodule = parseVmodule('node*=4, lease=2');
    if ('problem' in vmodule) throw new Error(vmodule.problem);
    const { log } = aLogger({ vmodule });
    const levels = ['node', 'node-lifecycle', 'lease', 'leases', 'a.node'].map((name) => {
      const child = log.child({ name });
      return [4, 2, 0].find((level) => child.isVerbose(level));
    });
    expect(levels).toEqual([4, 4, 2, 0, 0]);
  });

  test.each(['node', 'node=', 'node=x', '=3'])('--vmodule=%s is refused', (text) => {
    expect(parseVmodule(text)).toHaveProperty('problem');
  });

  test('it can be changed while the program runs, for children too', () => {
    const { log } = aLogger();
    const child = log.child({ name: 'x' });
    log.verbosity.level = 3;
    expect(child.isVerbose(3)).toBe(true);
  });
});

describe('secrets', () => {
  test.each([
    { as: 'a field', write: (log: RootLogger, secret: string) => log.info('m', { header: `Bearer ${secret}` }) },
    {
      as: 'part of an error',
      write: (log: RootLogger, secret: string) => log.error('m', { error: new Error(secret) }),
    },
    { as: 'an escaped field', write: (log: RootLogger, secret: string) => log.info('m', { body: { token: secret } }) },
    { as: 'part of a URL', write: (log: RootLogger, secret: string) => log.info(`/?t=${encodeURIComponent(secret)}`) },
    { as: 'base64', write: (log: RootLogger, secret: string) => log.info(Buffer.from(secret).toString('base64')) },
  ])('as $as', ({ write }) => {
    const secrets = new SecretRedactor();
    const secret = 'p@ss"wörd/+1';
    secrets.add(secret, undefined, '', 'abc');
    for (const format of ['text', 'json'] as const) {
      const { log, lines } = aLogger({ format, secrets });
      write(log, secret);
      expect(lines[0]).toContain('<redacted>');
      expect(lines[0]).not.toContain('p@ss');
    }
  });

  test('values that are too short to be secrets stay', () => {
    const secrets = new SecretRedactor();
    secrets.add('abc');
    expect(secrets.redact('abc')).toBe('abc');
  });
});
