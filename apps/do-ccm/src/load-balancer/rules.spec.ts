// Ports to forwarding rules, and what cannot be had.
import { describe, expect, test } from '@jest/globals';
import { aService, certificate, settingsOf } from '../test-support/builders.ts';
import type { Annotated, ServiceWish } from '../test-support/builders.ts';
import { desiredRules } from './rules.ts';

interface Given {
  readonly annotations?: Annotated;
  readonly ports?: ServiceWish['ports'];
  readonly type?: string;
}

function decide({ annotations = {}, ports = [80], type = 'REGIONAL' }: Given): ReturnType<typeof desiredRules> {
  const settings = settingsOf(annotations);
  const certificateId = settings.certificateId === undefined ? undefined : certificate(settings.certificateId);
  return desiredRules({ service: aService({ ports }), settings, type, certificateId });
}

// `tcp 80 > tcp 30000`, with ` cert` or ` pass` behind it.
function rulesOf(given: Given): readonly string[] {
  const { value, problems } = decide(given);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return value.map((rule) => {
    const { entryProtocol, entryPort, targetProtocol, targetPort, certificateId, tlsPassthrough } = rule;
    const extra = `${certificateId === undefined ? '' : ` ${certificateId}`}${tlsPassthrough ? ' pass' : ''}`;
    return `${entryProtocol} ${entryPort} > ${targetProtocol} ${targetPort}${extra}`;
  });
}

const problemsOf = (given: Given): readonly string[] => decide(given).problems.map(({ message }) => message);

describe('desiredRules of a network balancer', () => {
  test('DO row 23 packets go to the same port', () =>
    expect(rulesOf({ type: 'REGIONAL_NETWORK' })).toEqual(['tcp 80 > tcp 80']));

  test('UDP and TCP on one port', () => {
    const ports = [
      { port: 53, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ];
    expect(rulesOf({ type: 'REGIONAL_NETWORK', ports })).toEqual(['tcp 53 > tcp 53', 'udp 53 > udp 53']);
  });

  test('node ports are not needed', () =>
    expect(rulesOf({ type: 'REGIONAL_NETWORK', ports: [{ port: 80, nodePort: 0 }] })).toEqual(['tcp 80 > tcp 80']));

  test('annotations for HTTP are told to have no effect, each by its key', () => {
    const annotations = { protocol: 'http', certificateId: 'c1', tlsPassthrough: 'false', redirectHttpToHttps: 'true' };
    const [warning] = decide({ type: 'REGIONAL_NETWORK', annotations }).problems;
    expect(warning).toMatchObject({ severity: 'warning' });
    for (const name of ['protocol', 'certificate-id', 'redirect-http-to-https'])
      expect(warning?.message).toContain(name);
    expect(warning?.message).not.toContain('tls-passthrough');
  });

  test('annotations that ask for nothing are not told', () =>
    expect(problemsOf({ type: 'REGIONAL_NETWORK', annotations: { protocol: 'tcp', stickyType: 'none' } })).toEqual([]));
});

describe('desiredRules of an HTTP balancer', () => {
  test.each<{ when: string; given: Given; is: readonly string[] }>([
    { when: 'DO row 24 a port goes to its node port', given: {}, is: ['tcp 80 > tcp 30000'] },
    {
      when: 'DO row 25 UDP stays UDP whatever the protocol',
      given: { annotations: { protocol: 'http' }, ports: [80, { port: 53, protocol: 'UDP' }] },
      is: ['http 80 > http 30000', 'udp 53 > udp 30001'],
    },
    {
      when: 'DO row 27 a certificate makes 443 HTTPS',
      given: { annotations: { certificateId: 'c1' }, ports: [80, 443] },
      is: ['tcp 80 > tcp 30000', 'https 443 > http 30001 c1'],
    },
    {
      when: 'DO row 31 pass-through with HTTP/2 on 443 implies no HTTPS',
      given: { annotations: { tlsPassthrough: 'true', http2Ports: '443' }, ports: [443] },
      is: ['http2 443 > http2 30000 pass'],
    },
    {
      when: 'pass-through makes 443 HTTPS to the pods',
      given: { annotations: { tlsPassthrough: 'true' }, ports: [443] },
      is: ['https 443 > https 30000 pass'],
    },
    {
      when: 'named TLS ports replace the implied 443',
      given: { annotations: { certificateId: 'c1', tlsPorts: '8443' }, ports: [443, 8443] },
      is: ['tcp 443 > tcp 30000', 'https 8443 > http 30001 c1'],
    },
    {
      when: 'DO row 33 HTTP/3 comes last, on the port of HTTP/2',
      given: { annotations: { certificateId: 'c1', http2Ports: '443', http3Port: '443' }, ports: [443] },
      is: ['http2 443 > http 30000 c1', 'http3 443 > http 30000 c1'],
    },
    {
      when: 'every list at once',
      given: {
        annotations: { certificateId: 'c1', protocol: 'tcp', httpPorts: '80', tlsPorts: '443', http2Ports: '8443' },
        ports: [80, 443, 8443, 9000],
      },
      is: ['http 80 > http 30000', 'https 443 > http 30001 c1', 'http2 8443 > http 30002 c1', 'tcp 9000 > tcp 30003'],
    },
  ])('$when', ({ given, is }) => expect(rulesOf(given)).toEqual(is));

  test.each<{ when: string; given: Given; names: string }>([
    {
      when: 'DO row 26 SCTP',
      given: { ports: [{ port: 80, protocol: 'SCTP' }] },
      names: 'only TCP or UDP protocol is supported, got: "SCTP"',
    },
    {
      when: 'DO row 28 certificate and pass-through',
      given: { annotations: { certificateId: 'c1', tlsPassthrough: 'true' }, ports: [443] },
      names: 'not both',
    },
    {
      when: 'DO row 29 TLS ports without a certificate',
      given: { annotations: { tlsPorts: '443' }, ports: [443] },
      names: 'must set certificate id or enable tls pass through',
    },
    {
      when: 'DO row 30 HTTP/2 without a certificate',
      given: { annotations: { protocol: 'http2' } },
      names: 'must set certificate id or enable tls pass through',
    },
    {
      when: 'DO row 32 a port in two lists',
      given: { annotations: { httpPorts: '80,8080', http2Ports: '443,8080', tlsPassthrough: 'true' } },
      names: 'cannot be shared but found: 8080',
    },
    {
      when: 'DO row 34 HTTP/3 without a certificate',
      given: { annotations: { http3Port: '443' }, ports: [443] },
      names: 'certificate ID is required for HTTP3',
    },
    {
      when: 'DO row 34 HTTP/3 with pass-through',
      given: { annotations: { http3Port: '443', tlsPassthrough: 'true' }, ports: [443] },
      names: 'TLS passthrough is not allowed to be used in conjunction with HTTP3',
    },
    {
      when: 'HTTP/3 for all ports',
      given: { annotations: { protocol: 'http3', certificateId: 'c1' } },
      names: 'http3-port',
    },
    { when: 'a reserved port', given: { ports: [50_054] }, names: 'reserves 50053, 50054, 50055' },
    { when: 'no node port', given: { ports: [{ port: 80, nodePort: 0 }] }, names: 'allocateLoadBalancerNodePorts' },
  ])('$when is an error that says why', ({ given, names }) =>
    expect(problemsOf(given)).toEqual([expect.stringContaining(names)]),
  );

  test('DO row 35 HTTP/3 on a port that the Service does not have is a warning, and no rule', () => {
    const { value, problems } = decide({ annotations: { certificateId: 'c1', http3Port: '8443' }, ports: [80] });
    expect(value).toHaveLength(1);
    expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringContaining('8443') as unknown }]);
  });
});
