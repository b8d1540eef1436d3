import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { kubeconfigText, serverUrl } from './kubeconfig.ts';

test.each([
  { host: '147.75.1.2', url: 'https://147.75.1.2:6443' },
  { host: '2604:1380::1', url: 'https://[2604:1380::1]:6443' },
  { host: 'api.example.com', url: 'https://api.example.com:6443' },
])('URL of $host', ({ host, url }) => {
  expect(serverUrl(host)).toBe(url);
});

test('names as the Go provider gave them, PEM in base64', () => {
  const text = kubeconfigText({
    cluster: 'blue',
    server: serverUrl('::1'),
    caCertPem: 'ca',
    certPem: 'cert',
    keyPem: 'key',
  });
  const read = parse(text) as Record<string, unknown>;
  expect(read).toMatchObject({
    'current-context': 'kubernetes-admin@blue',
    clusters: [{ name: 'blue', cluster: { server: 'https://[::1]:6443', 'certificate-authority-data': 'Y2E=' } }],
    users: [{ name: 'kubernetes-admin', user: { 'client-certificate-data': 'Y2VydA==', 'client-key-data': 'a2V5' } }],
    contexts: [{ name: 'kubernetes-admin@blue', context: { cluster: 'blue', user: 'kubernetes-admin' } }],
  });
});
