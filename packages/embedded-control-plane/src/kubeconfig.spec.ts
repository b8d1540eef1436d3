import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { KUBECONFIG_MARK, kubeconfigText } from './kubeconfig.ts';

const content = { server: 'https://[::1]:1', caCertPem: 'CA', user: 'system:ann' };

test('a kubeconfig with a token', () => {
  const text = kubeconfigText({ ...content, credentials: { token: 'secret' } });
  expect(text.startsWith(`${KUBECONFIG_MARK}\n`)).toBe(true);
  expect(parse(text)).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'longshore',
    clusters: [{ name: 'longshore', cluster: { server: 'https://[::1]:1', 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'system:ann', user: { token: 'secret' } }],
    contexts: [{ name: 'longshore', context: { cluster: 'longshore', user: 'system:ann' } }],
  });
});

test('a kubeconfig with a client certificate', () => {
  const text = kubeconfigText({ ...content, credentials: { clientCertPem: 'C', clientKeyPem: 'K' } });
  expect(parse(text)).toMatchObject({
    users: [{ user: { 'client-certificate-data': 'Qw==', 'client-key-data': 'Sw==' } }],
  });
});
