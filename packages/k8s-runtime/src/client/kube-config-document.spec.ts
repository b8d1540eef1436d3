import { describe, expect, test } from '@jest/globals';
import { parseKubeConfig } from './kube-config-document.ts';

const pem = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n';
const encoded = Buffer.from(pem).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly rest?: object;
}

function aDocument({ cluster = {}, user = {}, rest = {} }: Parts = {}): Parameters<typeof parseKubeConfig>[0][number] {
  return {
    file: '/etc/kube/config',
    content: {
      'current-context': 'c1',
      contexts: [{ name: 'c1', context: { cluster: 'k1', user: 'u1' } }],
      clusters: [{ name: 'k1', cluster: { server: 'https://host:6443', ...cluster } }],
      users: [{ name: 'u1', user }],
      ...rest,
    },
  };
}

describe('parseKubeConfig', () => {
  test('reads every plain field; files are relative to the folder of the kubeconfig', () => {
    const cluster = {
      'certificate-authority': 'pki/ca.crt',
      'tls-server-name': 'kube.internal',
      'insecure-skip-tls-verify': true,
      'proxy-url': 'http://proxy:3128',
    };
    const user = {
      token: 'secret',
      tokenFile: '../token',
      'client-certificate-data': encoded,
      'client-key': '/abs/tls.key',
      username: 'joe',
      password: 'pw',
      as: 'jane',
      'as-uid': '7',
      'as-groups': ['g'],
      'as-user-extra': { scope: ['a'] },
    };
    expect(parseKubeConfig([aDocument({ cluster, user })])).toEqual({
      file: '/etc/kube/config',
      contextName: 'c1',
      clusterName: 'k1',
      userName: 'u1',
      cluster: {
        server: 'https://host:6443',
        ca: { file: '/etc/kube/pki/ca.crt' },
        tlsServerName: 'kube.internal',
        isInsecure: true,
        proxyUrl: 'http://proxy:3128',
      },
      user: {
        token: 'secret',
        tokenFile: '/etc/token',
        cert: { inline: pem },
        key: { file: '/abs/tls.key' },
        username: 'joe',
        password: 'pw',
        impersonate: { user: 'jane', uid: '7', groups: ['g'], extra: { scope: ['a'] } },
        hasPlugin: false,
      },
    });
  });

  test('inline data wins over the file', () => {
    const cluster = { 'certificate-authority': 'ca.crt', 'certificate-authority-data': encoded };
    expect(parseKubeConfig([aDocument({ cluster })]).cluster.ca).toEqual({ inline: pem });
  });

  test('a context without a user is anonymous', () => {
    const rest = { contexts: [{ name: 'c1', context: { cluster: 'k1' } }] };
    expect(parseKubeConfig([aDocument({ rest })]).user).toMatchObject({ token: undefined, hasPlugin: false });
  });

  test.each([{ exec: { command: 'aws' } }, { 'auth-provider': { name: 'oidc' } }])('%j is for a plugin', (user) => {
    expect(parseKubeConfig([aDocument({ user })]).user.hasPlugin).toBe(true);
  });

  test('of several files the first that names a thing wins', () => {
    const second = {
      ...aDocument({ cluster: { server: 'https://other' }, rest: { 'current-context': 'c2' } }),
      file: '/etc/kube/second',
    };
    const first = { file: '/etc/kube/first', content: { clusters: [], users: null } };
    const context = parseKubeConfig([first, aDocument({ cluster: { 'certificate-authority': 'ca.crt' } }), second]);
    expect(context).toMatchObject({
      contextName: 'c1',
      cluster: { server: 'https://host:6443', ca: { file: '/etc/kube/ca.crt' } },
    });
  });

  test.each([
    {
      problem: 'no current context',
      parts: { rest: { 'current-context': '' } },
      message: 'current-context is not set; set it with `kubectl config use-context`',
    },
    {
      problem: 'an unknown context',
      parts: { rest: { 'current-context': 'c9' } },
      message: 'there is no context named "c9"; known contexts: c1',
    },
    {
      problem: 'an unknown cluster',
      parts: { rest: { clusters: [] } },
      message: 'there is no cluster named "k1"; it has no clusters',
    },
    {
      problem: 'an unknown user',
      parts: { rest: { users: [{ name: 'a' }, { name: 'b' }] } },
      message: 'there is no user named "u1"; known users: a, b',
    },
    {
      problem: 'no server',
      parts: { cluster: { server: '' } },
      message: 'clusters[name=k1].cluster.server is missing; add it',
    },
    {
      problem: 'a number as token',
      parts: { user: { token: 12 } },
      message: 'users[name=u1].user.token is not a string; put it in quotes',
    },
    {
      problem: 'a certificate that is not base64 of a PEM',
      parts: { cluster: { 'certificate-authority-data': 'nonsense' } },
      message:
        'clusters[name=k1].cluster.certificate-authority-data is not base64 of a PEM block; paste `base64 -w0 <file>`',
    },
  ])('$problem is one line with file, field and remedy', ({ parts, message }) => {
    expect(() => parseKubeConfig([aDocument(parts)])).toThrow(
      expect.objectContaining({
        code: 'KUBECONFIG_INVALID',
        message: `kubeconfig /etc/kube/config: ${message}`,
        disposition: { retry: 'never' },
      }),
    );
  });
});
