// Additions about TLS: certificates of single ports, and encryption towards the pods.
import { describe, expect, test } from '@jest/globals';
import { aService, certificate, settingsOf } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { findCertificates } from './certificates.ts';
import { desiredRules } from './rules.ts';

function rules(
  annotations: Annotated,
  { ports = [80, 443, 8443], single = {}, main }: { ports?: readonly number[]; single?: object; main?: string } = {},
): ReturnType<typeof desiredRules> {
  const portCertificates = new Map(
    Object.entries(single).map(([port, id]) => [Number(port), certificate(String(id))] as const),
  );
  const certificateId = main === undefined ? undefined : certificate(main);
  const settings = settingsOf({ type: 'REGIONAL', ...annotations });
  return desiredRules({ service: aService({ ports }), settings, type: 'REGIONAL', certificateId, portCertificates });
}

describe('certificates of single ports', () => {
  test('each port has its own, the others the main one', () => {
    const { value, problems } = rules({ tlsPorts: '443,8443' }, { main: 'main', single: { 8443: 'admin' } });
    expect(problems).toEqual([]);
    expect(value.map(({ entryProtocol, certificateId }) => [entryProtocol, certificateId])).toEqual([
      ['tcp', undefined],
      ['https', 'main'],
      ['https', 'admin'],
    ]);
  });

  test('they make their ports HTTPS, without a main one', () => {
    const { value, problems } = rules({}, { single: { 8443: 'admin' } });
    expect(problems).toEqual([]);
    expect(value.map(({ entryProtocol }) => entryProtocol)).toEqual(['tcp', 'tcp', 'https']);
  });

  test('a port of HTTP/2 stays one', () =>
    expect(rules({ http2Ports: '443' }, { single: { 443: 'c' } }).value[1]).toMatchObject({ entryProtocol: 'http2' }));

  test('HTTP/3 takes the one of its port', () =>
    expect(rules({ http3Port: '443' }, { single: { 443: 'c' } }).value[3]).toMatchObject({
      entryProtocol: 'http3',
      certificateId: 'c',
    }));

  test.each<{ when: string; annotations: Annotated; names: string; severity: string }>([
    { when: 'with pass-through', annotations: { tlsPassthrough: 'true' }, names: 'not both', severity: 'error' },
    { when: 'on an HTTP port', annotations: { httpPorts: '8443' }, names: 'cannot be shared', severity: 'error' },
  ])('$when they are refused', ({ annotations, names, severity }) =>
    expect(rules(annotations, { single: { 8443: 'admin' } }).problems).toMatchObject([
      { severity, message: expect.stringContaining(names) as unknown },
    ]),
  );

  test('another TLS port still needs one', () =>
    expect(rules({ tlsPorts: '443' }, { single: { 8443: 'admin' } }).problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining('https port 443') as unknown },
    ]));

  test('on a port that the Service has not: told', () =>
    expect(rules({}, { single: { 9000: 'c' } }).problems).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('9000 is no TCP port') as unknown },
    ]));

  test('they are found by ID and by name', () => {
    const shop = {
      id: certificate('id-1'),
      name: 'shop',
      type: 'custom',
      state: 'verified',
      dnsNames: [],
      notAfter: '',
    };
    expect([...findCertificates(['shop', 'id-1'], [shop]).ids]).toEqual([
      ['shop', 'id-1'],
      ['id-1', 'id-1'],
    ]);
    expect(findCertificates(['nope'], [shop]).error).toMatchObject({ code: 'CERTIFICATE_NOT_FOUND' });
  });
});

describe('target protocol (encryption towards the pods)', () => {
  test.each(['https', 'http2'])('%s where TLS ends, and nowhere else', (targetProtocol) => {
    const { value } = rules({ targetProtocol, http3Port: '443' }, { main: 'c', ports: [80, 443] });
    expect(value.map((rule) => [rule.entryProtocol, rule.targetProtocol])).toEqual([
      ['tcp', 'tcp'],
      ['https', targetProtocol],
      ['http3', targetProtocol],
    ]);
  });

  test('http without it', () =>
    expect(rules({}, { main: 'c', ports: [443] }).value).toMatchObject([{ targetProtocol: 'http' }]));
});
