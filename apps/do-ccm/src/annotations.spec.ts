// Which texts are values. One row per way to be wrong; that every bad value is told, not replaced, is a property over the whole table.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ANNOTATIONS, readSettings } from './annotations.ts';
import type { Annotation, AnnotationName } from './annotations.ts';

const read = (name: AnnotationName, value: string): ReturnType<typeof readSettings> =>
  readSettings({ [ANNOTATIONS[name].key]: value });

describe('readSettings', () => {
  test('without annotations everything is unset', () => {
    const { settings, problems } = readSettings(undefined);
    expect(problems).toEqual([]);
    expect(Object.values(settings).every((value) => value === undefined)).toBe(true);
  });

  test.each<{ name: AnnotationName; value: string; is: unknown }>([
    { name: 'disown', value: 'T', is: true },
    { name: 'disown', value: '0', is: false },
    { name: 'overrideHealthCheck', value: '', is: true },
    { name: 'overrideHealthCheck', value: 'yes', is: true },
    { name: 'overrideHealthCheck', value: 'false', is: false },
    { name: 'httpPorts', value: '80,8080', is: [80, 8080] },
    { name: 'httpPorts', value: ' 80 , 8080 ', is: [80, 8080] },
    { name: 'http3Port', value: '443', is: 443 },
    { name: 'sizeUnit', value: '0', is: 0 },
    { name: 'httpIdleTimeout', value: '120', is: 120 },
    { name: 'hostname', value: 'Foo.Example.COM', is: 'foo.example.com' },
    { name: 'ip', value: ' 192.0.2.7 ', is: '192.0.2.7' },
    { name: 'subnetUuid', value: ' s1 ', is: 's1' },
    { name: 'sizeSlug', value: '', is: undefined },
    { name: 'certificateId', value: '', is: undefined },
  ])('$name: "$value" is $is', ({ name, value, is }) => {
    const { settings, problems } = read(name, value);
    expect(problems).toEqual([]);
    expect(settings[name]).toEqual(is);
  });

  test('DO row 59 rules are trimmed', () => {
    expect(read('allowRules', ' ip:1.2.3.4 , cidr:2.3.0.0/16').settings.allowRules).toEqual([
      'ip:1.2.3.4',
      'cidr:2.3.0.0/16',
    ]);
  });

  test.each<{ name: AnnotationName; value: string }>([
    { name: 'disown', value: 'maybe' },
    { name: 'proxyProtocol', value: 'yes' },
    { name: 'backendKeepalive', value: 'yes' },
    { name: 'redirectHttpToHttps', value: 'yes' },
    { name: 'disableLetsEncryptDns', value: 'yes' },
    { name: 'tlsPassthrough', value: 'ture' },
    { name: 'type', value: 'LOCAL' },
    { name: 'type', value: 'regional' },
    { name: 'network', value: 'FOO' },
    { name: 'networkStack', value: 'V6' },
    { name: 'protocol', value: 'udp' },
    { name: 'protocol', value: '' },
    { name: 'httpPorts', value: '80,abc' },
    { name: 'tlsPorts', value: '0' },
    { name: 'http2Ports', value: '70000' },
    { name: 'http3Port', value: '443,444' },
    { name: 'sizeSlug', value: 'extra-large' },
    { name: 'sizeUnit', value: 'large' },
    { name: 'sizeUnit', value: '-1' },
    { name: 'algorithm', value: 'foo' },
    { name: 'stickyType', value: 'foo' },
    { name: 'stickyCookieTtl', value: 'abc' },
    { name: 'httpIdleTimeout', value: 'abc' },
    { name: 'httpIdleTimeout', value: '' },
    { name: 'healthCheckProtocol', value: 'udp' },
    { name: 'healthCheckPort', value: '81,82' },
    { name: 'healthCheckPort', value: 'abc' },
    { name: 'healthCheckInterval', value: 'often' },
    { name: 'healthCheckTimeout', value: '2' },
    { name: 'healthCheckUnhealthyThreshold', value: '11' },
    { name: 'healthCheckHealthyThreshold', value: 'x' },
    { name: 'denyRules', value: '1.2.3.4' },
    { name: 'denyRules', value: 'ip:1.2.3.4,cidr:5.6.7.8' },
    { name: 'ip', value: '2001:db8::1' },
    { name: 'hostname', value: 'no_underscore.example.com' },
  ])('$name: "$value" is a problem that names key, value and what is allowed', ({ name, value }) => {
    const { settings, problems } = read(name, value);
    const { key } = ANNOTATIONS[name];
    expect(settings[name]).toBeUndefined();
    expect(problems).toEqual([
      { field: key, value, severity: 'error', message: expect.stringMatching(/ is not allowed, use /) as unknown },
    ]);
    expect(problems[0]?.message).toContain(key);
    expect(problems[0]?.message).toContain(JSON.stringify(value));
  });

  test('every text is either a value, absent or a problem, never silently something else', () => {
    const entries = Object.entries<Annotation<unknown>>(ANNOTATIONS);
    fc.assert(
      fc.property(fc.constantFrom(...entries), fc.string(), ([name, { key, kind }], value) => {
        const { settings, problems } = readSettings({ [key]: value });
        const isSet = settings[name as AnnotationName] !== undefined;
        const isAbsent = kind.isEmptyAbsent && value.trim() === '';
        expect([isSet, isAbsent, problems.length === 1].filter(Boolean)).toHaveLength(1);
      }),
    );
  });

  test('one bad value does not hide another', () => {
    const { problems } = readSettings({ [ANNOTATIONS.type.key]: 'x', [ANNOTATIONS.network.key]: 'y' });
    expect(problems.map(({ field }) => field)).toEqual([ANNOTATIONS.type.key, ANNOTATIONS.network.key]);
  });

  test('a long value is cut in the message', () => {
    expect(read('type', 'x'.repeat(5000)).problems[0]?.message.length).toBeLessThan(400);
  });

  test('keys are unique', () => {
    const keys = Object.values(ANNOTATIONS).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
