// The secure port with a real kube-apiserver behind it: tokens by TokenReview, permissions by SubjectAccessReview, the client CA and the
// proxy CA that the API server publishes.
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { waitFor } from '@longshore/reconciler-core/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../client/connect.ts';
import { defaultsOf } from '../process/flags.ts';
import { PrometheusMetrics } from '../process/metrics.ts';
import { authenticationFlags, authorizationFlags } from './auth-flags.ts';
import { DelegatedAuth } from './delegated-auth.ts';
import { HealthChecks } from './health-checks.ts';
import { servingFlags } from './serving-flags.ts';
import { newPageServer } from './serving-from-flags.ts';
import { standardPages } from './standard-pages.ts';

let controlPlane: ControlPlane;
let port = 0;
const abort = new AbortController();
let running: Promise<unknown>;

beforeAll(async () => {
  controlPlane = await startControlPlane({ users: [{ name: 'prometheus' }, { name: 'stranger' }] });
  await allow('metrics-reader', 'prometheus');
  const client = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'secure-port-test' });
  const flags = { ...defaultsOf(authenticationFlags), ...defaultsOf(authorizationFlags) };
  const common = { clock: systemClock, log: silentLogger };
  const auth = new DelegatedAuth({ flags, authenticationClient: client, authorizationClient: client, ...common });
  const sliMetrics = new PrometheusMetrics();
  const values = { ...defaultsOf(servingFlags), 'bind-address': '127.0.0.1' };
  const pages = standardPages({
    ...{ program: 'x', version: 'v0.1.0', metrics: new PrometheusMetrics(), sliMetrics, configz: () => ({}) },
    ...{ health: new HealthChecks({ ...common, sliMetrics }), flags: { table: {}, values: {} } },
    ...{ startedMs: 0, nowMs: () => 0 },
  });
  const server = newPageServer(values, { program: 'x', pages, auth, port: 0, ...common });
  await server.listen();
  port = server.address?.port ?? 0;
  running = Promise.all([auth.run(abort.signal), server.run(abort.signal)]);
  await waitFor(() => auth.clientCas.length > 0, { what: 'the client CA is known' });
}, 300_000);

afterAll(async () => {
  abort.abort();
  await running;
  await controlPlane?.stop();
});

async function allow(role: string, user: string): Promise<void> {
  const path = '/apis/rbac.authorization.k8s.io/v1';
  const rules = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];
  await controlPlane.request({
    method: 'POST',
    path: `${path}/clusterroles`,
    body: { metadata: { name: role }, rules },
  });
  const subjects = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
  const body = { metadata: { name: role }, subjects, roleRef };
  await controlPlane.request({ method: 'POST', path: `${path}/clusterrolebindings`, body });
}

function statusOf(path: string, options: RequestOptions = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const ask = request(
      { host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false, ...options },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    ask.on('error', reject).end();
  });
}

const bearer = (token: string): RequestOptions => ({ headers: { authorization: `Bearer ${token}` } });

test.each(['/healthz', '/livez', '/readyz'])('anybody sees %s', async (path) => {
  expect(await statusOf(path)).toBe(200);
});

test('nobody in particular does not see /metrics, a bad token is 401', async () => {
  expect(await statusOf('/metrics')).toBe(403);
  expect(await statusOf('/metrics', bearer('nonsense'))).toBe(401);
});

test('a token sees what its user may see', async () => {
  expect(await statusOf('/metrics', bearer(controlPlane.tokenOf('prometheus')))).toBe(200);
  expect(await statusOf('/metrics', { ...bearer(controlPlane.tokenOf('prometheus')), method: 'DELETE' })).toBe(403);
  expect(await statusOf('/configz', bearer(controlPlane.tokenOf('prometheus')))).toBe(403);
  expect(await statusOf('/metrics', bearer(controlPlane.tokenOf('stranger')))).toBe(403);
  expect(await statusOf('/configz', bearer(controlPlane.adminToken))).toBe(200);
});

test('a service account token sees what its account may see', async () => {
  const token = await controlPlane.createToken({ namespace: 'default', name: 'scraper' });
  expect(await statusOf('/metrics', bearer(token))).toBe(403);
  await allow('scraper', 'system:serviceaccount:default:scraper');
  await waitFor(async () => (await statusOf('/metrics', bearer(token))) === 200, {
    what: 'the refusal is no longer remembered',
    everyMs: 500,
  });
});

test('client certificates of the cluster name their user', async () => {
  const pair = async (user: string, groups: readonly string[]): Promise<RequestOptions> => {
    const { certPem, keyPem } = await controlPlane.createClientCertificate(user, groups);
    return { cert: certPem, key: keyPem };
  };
  expect(await statusOf('/metrics', await pair('prometheus', []))).toBe(200);
  expect(await statusOf('/metrics', await pair('stranger', []))).toBe(403);
  expect(await statusOf('/configz', await pair('root', ['system:masters']))).toBe(200);
});
