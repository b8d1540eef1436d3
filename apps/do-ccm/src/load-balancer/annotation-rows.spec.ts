// Values that are no values: told with key and value, and never replaced by something else. And annotations that do not exist.
import { describe, expect, test } from '@jest/globals';
import { ANNOTATIONS } from '../annotations.ts';
import { aService } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { unknownAnnotations } from '../unknown-annotations.ts';
import { problemsOfService } from './desired.ts';

const problemsOf = (annotations: Annotated): ReturnType<typeof problemsOfService> =>
  problemsOfService(aService({ annotations: { type: 'REGIONAL', ...annotations } }), {
    defaultType: 'REGIONAL_NETWORK',
  });

describe('annotations that are refused', () => {
  test.each<{ row: string; annotations: Annotated; names: string }>([
    { row: '48 a health check by UDP', annotations: { healthCheckProtocol: 'udp' }, names: '"udp"' },
    { row: '51 an interval that is no number', annotations: { healthCheckInterval: 'x' }, names: '"x"' },
    { row: '51 a time-out that is no number', annotations: { healthCheckTimeout: '5s' }, names: '"5s"' },
    { row: '51 a threshold that is no number', annotations: { healthCheckUnhealthyThreshold: '' }, names: '""' },
    { row: '51 another threshold', annotations: { healthCheckHealthyThreshold: 'many' }, names: '"many"' },
    { row: '53 (ours: refused) sticky sessions of type foo', annotations: { stickyType: 'foo' }, names: '"foo"' },
    { row: '54 (ours: refused) the algorithm foo', annotations: { algorithm: 'foo' }, names: '"foo"' },
    { row: '55 a size that does not exist', annotations: { sizeSlug: 'extra-large' }, names: '"extra-large"' },
    { row: '55 a number of nodes that is none', annotations: { sizeUnit: 'large' }, names: '"large"' },
    { row: '55 a negative number of nodes', annotations: { sizeUnit: '-1' }, names: '"-1"' },
    { row: '57 PROXY protocol: yes', annotations: { proxyProtocol: 'yes' }, names: '"yes"' },
    { row: '57 keepalive: yes', annotations: { backendKeepalive: 'yes' }, names: '"yes"' },
    { row: '57 redirect: yes', annotations: { redirectHttpToHttps: 'yes' }, names: '"yes"' },
    { row: '57 DNS records: yes', annotations: { disableLetsEncryptDns: 'yes' }, names: '"yes"' },
    { row: '58 an idle timeout that is no number', annotations: { httpIdleTimeout: 'abc' }, names: '"abc"' },
    { row: '71 a network that does not exist', annotations: { network: 'FOO' }, names: '"FOO"' },
    { row: '71 a network stack that does not exist', annotations: { networkStack: 'V6' }, names: '"V6"' },
    { row: '71 (ours: GLOBAL is known) a type that does not exist', annotations: { type: 'FOO' }, names: '"FOO"' },
  ])('DO row $row', ({ annotations, names }) => {
    const [name = ''] = Object.keys(annotations);
    const { key } = ANNOTATIONS[name as keyof typeof ANNOTATIONS];
    const errors = problemsOf(annotations).filter(({ severity }) => severity === 'error');
    expect(errors.map(({ field }) => field)).toEqual([key]);
    expect(errors[0]?.message).toContain(`annotation ${key}: ${names} is not allowed, use `);
  });

  test('an own address on a balancer that has no public one', () => {
    expect(problemsOf({ ip: '192.0.2.7', network: 'INTERNAL' })).toMatchObject([
      { field: ANNOTATIONS.ip.key, severity: 'error' },
    ]);
  });
});

describe('annotations that have no effect are told, and stop nothing', () => {
  test.each<{ when: string; annotations: Annotated; names: string }>([
    {
      when: 'a health check without override',
      annotations: { healthCheckPath: '/x', healthCheckPort: '80' },
      names: 'no effect without the annotation',
    },
    {
      when: 'TLS on a network balancer',
      annotations: { type: 'REGIONAL_NETWORK', tlsPorts: '443', tlsCipherPolicy: 'STRONG' },
      names: 'hands packets through and ignores',
    },
    {
      when: 'DO row 35 (ours: a warning) HTTP/3 on a port that the Service has not',
      annotations: { http3Port: '444', certificateId: 'c1' },
      names: '444 is no port of the Service',
    },
    {
      when: 'a global setting on a regional balancer',
      annotations: { globalCdn: 'true' },
      names: 'not of type GLOBAL',
    },
    { when: 'a target protocol without TLS', annotations: { targetProtocol: 'https' }, names: 'ends TLS on no port' },
  ])('$when', ({ annotations, names }) => {
    const problems = problemsOf(annotations);
    expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
    expect(problems[0]?.message).toContain(names);
  });
});

describe('unknownAnnotations', () => {
  const prefix = 'service.beta.kubernetes.io/do-loadbalancer-';

  test.each([
    { key: `${prefix}https-ports`, hint: `did you mean ${prefix}http-ports?` },
    { key: `${prefix}certificate-i`, hint: `did you mean ${ANNOTATIONS.certificateId.key}?` },
    { key: 'service.kubernetes.io/do-loadbalancer-name', hint: `did you mean ${prefix}name?` },
    { key: `${prefix}enable-teleportation`, hint: 'remove it' },
  ])('$key: $hint', ({ key, hint }) => {
    const [problem, ...more] = unknownAnnotations({ [key]: 'x' });
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ field: key, severity: 'warning' });
    expect(problem?.message).toContain(hint);
  });

  test('known ones and those of others are no matter', () => {
    const known = Object.fromEntries(Object.values(ANNOTATIONS).map(({ key }) => [key, 'x']));
    expect(
      unknownAnnotations({ ...known, 'example.com/x': '1', 'service.kubernetes.io/topology-mode': 'Auto' }),
    ).toEqual([]);
    expect(unknownAnnotations(undefined)).toEqual([]);
  });

  test('they are among the problems of a Service', () => {
    const service = aService({ metadata: { annotations: { [`${prefix}protocl`]: 'tcp' } } });
    expect(problemsOfService(service, { defaultType: 'REGIONAL_NETWORK' })).toMatchObject([
      { severity: 'warning', message: expect.stringContaining(`did you mean ${ANNOTATIONS.protocol.key}?`) as unknown },
    ]);
  });
});
