// The pod host against a real control plane: a StatefulSet becomes a process that reaches the API server as its service account, and its
// pod is gone only after the process is. Skipped by name where mount namespaces cannot be made.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import { startPodHost } from './pod-host.ts';
import type { PodHost } from './pod-host.ts';

const canMount =
  process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'x', '/run']).status === 0;

// Prints what it finds, and ends a moment after it was asked to.
const PROGRAM = `
const fs = require('node:fs'); const https = require('node:https');
const at = '/var/run/secrets/kubernetes.io/serviceaccount/';
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, COLOR } = process.env;
console.log('args', process.argv.slice(1).join(' '), COLOR, fs.readFileSync('/etc/pod-host-test/a.txt', 'utf8'));
const headers = { authorization: 'Bearer ' + fs.readFileSync(at + 'token', 'utf8') };
https.get({ host, port, ca: fs.readFileSync(at + 'ca.crt'), path: '/api/v1/namespaces/default/configmaps/settings', headers },
  (answer) => console.log('status', answer.statusCode));
setInterval(() => {}, 1000);
process.on('SIGTERM', () => setTimeout(() => { console.log('ended'); process.exit(0); }, 300));
`;

if (!canMount) {
  test.skip('pods become processes (skipped: mount namespaces need root on Linux)', () => {});
} else {
  let controlPlane: ControlPlane;
  let client: KubeClient;
  let host: PodHost;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'longshore-pods-'));
    controlPlane = await startControlPlane({ controllers: true });
    client = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'pod-host-test' });
    host = await startPodHost({
      client,
      folder,
      node: 'here',
      program: ({ metadata }) =>
        metadata?.name?.startsWith('one-')
          ? { command: [process.execPath, '-e', PROGRAM, '--'], extraArgs: ['last'] }
          : undefined,
    });
  }, 120_000);

  afterAll(async () => {
    await host?.stop();
    await controlPlane?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const post = async (at: string, body: object): Promise<void> => {
    const answer = await client.raw({ method: 'POST', path: at, body });
    if (answer.status !== 201) throw new Error(answer.body);
  };
  const podsNow = async (): Promise<readonly { readonly status: { readonly phase: string } }[]> => {
    const { body } = await client.raw({ method: 'GET', path: '/api/v1/namespaces/default/pods' });
    return (JSON.parse(body) as { readonly items: readonly { readonly status: { readonly phase: string } }[] }).items;
  };

  test('a StatefulSet is a process that is its service account, until it is scaled down', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    await post(`${rbac}/roles`, {
      metadata: { name: 'read' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
    });
    await post(`${rbac}/rolebindings`, {
      metadata: { name: 'read' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
    });
    await post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'settings' }, data: { 'a.txt': 'red' } });
    const labels = { app: 'one' };
    await post('/apis/apps/v1/namespaces/default/statefulsets', {
      metadata: { name: 'one' },
      spec: {
        serviceName: 'one',
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: 'one',
                image: 'none',
                command: ['/one'],
                args: ['first'],
                env: [{ name: 'COLOR', value: 'blue' }],
                volumeMounts: [{ name: 'settings', mountPath: '/etc/pod-host-test' }],
              },
            ],
            volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
          },
        },
      },
    });
    await until('the process has asked', () => /status \d+/.test(host.logs));
    expect(host.logs).toMatch(/args first last blue red\n[^]*status 200/);
    expect(existsSync('/etc/pod-host-test')).toBe(false);
    await until('its pod runs', async () => (await podsNow())[0]?.status.phase === 'Running');

    await client.raw({
      method: 'PUT',
      path: '/apis/apps/v1/namespaces/default/statefulsets/one/scale',
      body: {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 'one', namespace: 'default' },
        spec: { replicas: 0 },
      },
    });
    await until('the pod is gone', async () => (await podsNow()).length === 0);
    expect(host.logs).toMatch(/ended/);
    expect(host.running).toEqual([]);
  }, 180_000);
}
