// Every example against the simulated DigitalOcean: it would take the balancer, and nothing in the Service is wrong or without effect.
// The same code answers that asks for the admission server.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { ServiceValidator } from './admission/service-validator.ts';
import { ANNOTATIONS } from './annotations.ts';
import { exampleService, filesIn } from './test-support/manifest-files.ts';
import { aWorld } from './test-support/world.ts';
import type { World } from './test-support/world.ts';

let world: World;
let validator: ServiceValidator;
let certificateId: string;

beforeAll(async () => {
  world = await aWorld();
  const { loadBalancers, certificates } = world.api;
  certificateId = world.cloud.addCertificate({ name: 'your-certificate-name' }).id;
  const config = { region: 'fra1', vpcId: undefined, clusterTag: undefined, defaultType: 'REGIONAL_NETWORK' } as const;
  validator = new ServiceValidator({ loadBalancers, certificates, config, clock: world.clock, log: world.log });
});
afterAll(() => world.close());

/** With a certificate that exists, as its user has to put it in. */
function withCertificate(service: KubeService): KubeService {
  const { annotations = {}, ...metadata } = service.metadata ?? {};
  const own = Object.entries(annotations).map(([key, value]) => [
    key,
    key === ANNOTATIONS.certificateId.key ? certificateId : value,
  ]);
  return { ...service, metadata: { ...metadata, annotations: Object.fromEntries(own) as Record<string, string> } };
}

async function bodyFor(file: string): Promise<Record<string, unknown>> {
  const service = withCertificate(exampleService(file));
  const review = { uid: 'u', operation: 'CREATE', about: file, service, old: undefined };
  const verdict = await validator.judge(review, 5_000, new AbortController().signal);
  expect(verdict).toEqual({ isAllowed: true, message: 'valid load balancer definition', warnings: [] });
  return world.cloud.calls.records.at(-1)?.body as Record<string, unknown>;
}

test.each(filesIn('examples/loadbalancers'))('%s is a balancer that DigitalOcean takes', async (file) => {
  expect(await bodyFor(file)).toHaveProperty('validate_only', true);
  expect(world.cloud.schemaProblems).toEqual([]);
});

describe('the values of the predecessor’s examples', () => {
  const rule = (entry: string, target: string): object =>
    expect.objectContaining({ entry_protocol: entry, target_protocol: target });

  test.each([
    { file: 'http-with-large-nginx', fields: { size_unit: 6 } },
    { file: 'http-nginx-with-http-idle-timeout-config', fields: { http_idle_timeout_seconds: 120 } },
    {
      file: 'http-nginx-with-load-balancer-firewall',
      fields: { firewall: { deny: ['cidr:1.2.0.0/16'], allow: ['ip:203.0.113.10', 'ip:203.0.113.11'] } },
    },
    {
      file: 'http-nginx-with-healthcheck-path',
      fields: { health_check: expect.objectContaining({ protocol: 'http', path: '/health' }) },
    },
    {
      file: 'http-nginx-with-healthcheck-numeric-values',
      fields: {
        health_check: expect.objectContaining({
          check_interval_seconds: 8,
          response_timeout_seconds: 6,
          unhealthy_threshold: 2,
          healthy_threshold: 2,
        }),
      },
    },
    {
      file: 'http-nginx-with-healthcheck-protocol',
      fields: { health_check: expect.objectContaining({ protocol: 'tcp' }) },
    },
    {
      file: 'http-with-sticky-sessions',
      fields: {
        sticky_sessions: expect.objectContaining({ type: 'cookies' }),
        // externalTrafficPolicy: Local has a port of its own for the check.
        health_check: expect.objectContaining({ path: '/healthz' }),
      },
    },
    { file: 'http-nginx-with-redirect', fields: { redirect_http_to_https: true } },
    { file: 'http-nginx-with-proxy-protocol', fields: { enable_proxy_protocol: true } },
    { file: 'http-nginx-with-backend-keepalive', fields: { enable_backend_keepalive: true } },
    { file: 'http3-with-http2', fields: { forwarding_rules: [rule('http2', 'http'), rule('http3', 'http')] } },
    {
      file: 'https-with-pass-through-nginx',
      fields: { forwarding_rules: expect.arrayContaining([rule('https', 'https')]) },
    },
    {
      file: 'all-protos-nginx',
      fields: {
        forwarding_rules: [
          rule('http', 'http'),
          rule('https', 'http'),
          rule('http2', 'http'),
          rule('tcp', 'tcp'),
          rule('udp', 'udp'),
        ],
      },
    },
    { file: 'udp-with-healthcheck', fields: { forwarding_rules: [rule('tcp', 'tcp'), rule('udp', 'udp')] } },
    { file: 'http-with-byoip-and-subnet', fields: { ip: '203.0.113.10' } },
  ])('$file', async ({ file, fields }) => {
    expect(await bodyFor(`examples/loadbalancers/${file}.yml`)).toMatchObject(fields);
  });
});
