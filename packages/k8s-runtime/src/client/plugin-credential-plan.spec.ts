import { describe, expect, test } from '@jest/globals';
import { parseKubeConfig } from './kube-config-document.ts';
import { expiryOf, isDueForRenewal, jwtExpiry, withExecInfo } from './plugin-credential-plan.ts';

const jwt = (payload: object): string => `Bearer x.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.y`;

function document(user: object, cluster: object = {}): Parameters<typeof withExecInfo>[0][number] {
  const content = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster: { server: 'https://a:1', ...cluster } }],
    users: [
      { name: 'other', user: { token: 'no' } },
      { name: 'u', user },
    ],
  };
  return { file: '/f', content };
}

function execInfo(user: object, cluster: object = {}): unknown {
  const documents = [document(user, cluster)];
  const config = withExecInfo(documents, parseKubeConfig(documents)) as {
    users: [{ user: { exec: { env: { name: string; value: string }[] } } }];
  };
  const entry = config.users[0].user.exec.env.find(({ name }) => name === 'KUBERNETES_EXEC_INFO');
  return JSON.parse(entry?.value ?? 'null');
}

describe('withExecInfo', () => {
  test('tells the plugin its api version, and the cluster only if it asked', () => {
    const apiVersion = 'client.authentication.k8s.io/v1beta1';
    expect(execInfo({ exec: { command: 'x', apiVersion } })).toEqual({
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false },
    });
    const cluster = { 'tls-server-name': 'n', 'insecure-skip-tls-verify': true };
    expect(execInfo({ exec: { command: 'x', apiVersion, provideClusterInfo: true } }, cluster)).toMatchObject({
      spec: { cluster: { server: 'https://a:1', 'tls-server-name': 'n', 'insecure-skip-tls-verify': true } },
    });
  });

  test('keeps the plugin’s own environment and hands on nobody else’s secrets', () => {
    const documents = [document({ exec: { command: 'x', env: [{ name: 'A', value: '1' }] } })];
    const text = JSON.stringify(withExecInfo(documents, parseKubeConfig(documents)));
    expect(text).toContain('{"name":"A","value":"1"}');
    expect(text).not.toContain('other');
  });

  test.each([
    ['aws', 'aws'],
    ['./bin/plugin', '/bin/plugin'],
    ['/usr/bin/plugin', '/usr/bin/plugin'],
  ])('the command %s is %s for a kubeconfig in /', (command, is) => {
    const documents = [document({ exec: { command } })];
    expect(withExecInfo(documents, parseKubeConfig(documents))).toMatchObject({
      users: [{ user: { exec: { command: is } } }],
    });
  });

  test('auth providers stay as they are', () => {
    const documents = [document({ 'auth-provider': { name: 'oidc', config: { a: 'b' } } })];
    expect(withExecInfo(documents, parseKubeConfig(documents))).toMatchObject({
      users: [{ user: { 'auth-provider': { config: { a: 'b' } } } }],
    });
  });
});

describe('expiry', () => {
  test('is what the plugin said, else the exp of a JWT, else unknown', () => {
    const config = {
      authenticators: [{}, { tokenCache: { u: { status: { expirationTimestamp: '2026-01-01T01:00:00Z' } } } }],
    };
    expect(expiryOf(config, jwt({ exp: 5 }))).toBe(Date.UTC(2026, 0, 1, 1));
    expect(expiryOf({ authenticators: [{ tokenCache: { u: { status: {} } } }] }, jwt({ exp: 5 }))).toBe(5000);
    expect(expiryOf({}, 'Bearer opaque')).toBeUndefined();
  });

  test.each(['Basic abc', 'Bearer a.b.c', 'Bearer x.eyJ9.z', undefined])('%s has none', (header) => {
    expect(jwtExpiry(header)).toBeUndefined();
  });
});

describe('isDueForRenewal', () => {
  const minute = 60_000;
  test.each([
    { when: 'it lasts for ever', lifeMs: undefined, ageMs: 1e9, is: false },
    { when: 'an hour has six minutes left', lifeMs: 60 * minute, ageMs: 54 * minute, is: false },
    { when: 'an hour has five minutes left', lifeMs: 60 * minute, ageMs: 55 * minute, is: true },
    { when: 'ten minutes have two left', lifeMs: 10 * minute, ageMs: 8 * minute, is: true },
    { when: 'ten minutes have three left', lifeMs: 10 * minute, ageMs: 7 * minute, is: false },
  ])('when $when: $is', ({ lifeMs, ageMs, is }) => {
    expect(
      isDueForRenewal(
        { obtainedAtMs: 1000, expiresAtMs: lifeMs === undefined ? undefined : 1000 + lifeMs },
        1000 + ageMs,
      ),
    ).toBe(is);
  });
});
