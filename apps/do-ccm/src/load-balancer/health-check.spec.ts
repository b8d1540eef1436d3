// What the balancer probes.
import { describe, expect, test } from '@jest/globals';
import { aService, settingsOf } from '../test-support/builders.ts';
import type { Annotated, ServiceWish } from '../test-support/builders.ts';
import { desiredHealthCheck } from './health-check.ts';

const decide = (annotations: Annotated = {}, wish: ServiceWish = {}): ReturnType<typeof desiredHealthCheck> =>
  desiredHealthCheck(aService(wish), settingsOf(annotations));
const override = { overrideHealthCheck: 'true' };
const mixed = { ports: [{ port: 53, protocol: 'UDP' }, { port: 81 }, { port: 82 }] };

describe('desiredHealthCheck', () => {
  test('DO row 43 kube-proxy, at the usual rhythm', () => {
    expect(decide()).toEqual({
      value: {
        protocol: 'http',
        port: 10256,
        path: '/healthz',
        checkIntervalSeconds: 3,
        responseTimeoutSeconds: 5,
        unhealthyThreshold: 3,
        healthyThreshold: 5,
        proxyProtocol: false,
      },
      problems: [],
    });
  });

  test.each<{ when: string; annotations?: Annotated; wish?: ServiceWish; is: object }>([
    {
      when: 'DO row 44 a Service with local traffic has a page of its own',
      wish: { spec: { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_100 } },
      is: { protocol: 'http', port: 32_100, path: '/healthz' },
    },
    {
      when: 'local traffic without a page falls back to kube-proxy’s',
      wish: { spec: { externalTrafficPolicy: 'Local' } },
      is: { port: 10256 },
    },
    {
      when: 'DO row 46 a path makes it HTTP',
      annotations: { ...override, healthCheckPath: '/x' },
      is: { protocol: 'http', path: '/x' },
    },
    {
      when: 'DO row 47 HTTPS is possible',
      annotations: { ...override, healthCheckProtocol: 'https' },
      is: { protocol: 'https', path: '/', port: 30_000 },
    },
    {
      when: 'a TCP port of the Service is checked by its node port',
      annotations: { ...override, healthCheckPort: '82' },
      wish: mixed,
      is: { port: 30_002 },
    },
    { when: 'the first TCP port is the usual one', annotations: override, wish: mixed, is: { port: 30_001 } },
    {
      when: 'the rhythm can be set without replacing the check',
      annotations: {
        healthCheckInterval: '8',
        healthCheckTimeout: '6',
        healthCheckUnhealthyThreshold: '2',
        healthCheckHealthyThreshold: '4',
      },
      is: {
        port: 10256,
        checkIntervalSeconds: 8,
        responseTimeoutSeconds: 6,
        unhealthyThreshold: 2,
        healthyThreshold: 4,
      },
    },
    { when: 'an override that says false is none', annotations: { overrideHealthCheck: 'false' }, is: { port: 10256 } },
  ])('$when', ({ annotations, wish, is }) =>
    expect(decide(annotations, wish)).toMatchObject({ value: is, problems: [] }),
  );

  test('DO row 45 an override without more is TCP, without path and PROXY protocol', () => {
    const { value } = decide(override);
    expect(value).toMatchObject({ protocol: 'tcp', port: 30_000 });
    expect(value).not.toHaveProperty('path');
    expect(value).not.toHaveProperty('proxyProtocol');
  });

  test.each([
    {
      when: 'DO row 49 a port that does not exist',
      port: '9999',
      names: 'port 9999 does not exist on service shop/web',
    },
    { when: 'DO row 49 a UDP port', port: '53', names: 'cannot be of protocol type UDP' },
  ])('$when is an error', ({ port, names }) => {
    const { problems } = decide({ ...override, healthCheckPort: port }, mixed);
    expect(problems).toMatchObject([{ severity: 'error', message: expect.stringContaining(names) as unknown }]);
  });

  test('DO row 50 nothing but UDP cannot be checked', () => {
    const { problems } = decide(override, { ports: [{ port: 53, protocol: 'UDP' }] });
    expect(problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining('no health check port of protocol TCP found') as unknown },
    ]);
  });

  test('a port without node port cannot be checked', () => {
    expect(decide(override, { ports: [{ port: 80, nodePort: 0 }] }).problems).toMatchObject([{ severity: 'error' }]);
  });

  test.each([
    {
      when: 'annotations without the override',
      annotations: { healthCheckPath: '/x', healthCheckPort: '80' },
      names: 'override-health-check',
    },
    {
      when: 'a path of a TCP check',
      annotations: { ...override, healthCheckProtocol: 'tcp', healthCheckPath: '/x' },
      names: 'no path',
    },
  ])('$when have no effect, which is told', ({ annotations, names }) =>
    expect(decide(annotations).problems).toMatchObject([
      { severity: 'warning', message: expect.stringContaining(names) as unknown },
    ]),
  );
});
