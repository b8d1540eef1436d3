// Which configuration wins, and what is said when there is none that works. Files are real, the environment is an argument.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadKubeConfig } from './kube-config.ts';
import type { KubeConfigOptions } from './kube-config.ts';
import type { ClusterAccess, Identity } from './credentials.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kube-config-'));
});

afterEach(async () => rm(folder, { recursive: true }));

function load(options: Partial<KubeConfigOptions> = {}): Promise<ClusterAccess> {
  return loadKubeConfig({ env: {}, clock: new FakeClock(), log: silentLogger, ...options });
}

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const yamlFor = (server: string, token = 'secret', more = ''): string => `
current-context: c
contexts: [{ name: c, context: { cluster: k, user: u } }]
clusters:
- name: k
  cluster:
    server: ${server}
${more}
users:
- name: u
  user: { token: "${token}" }
`;

async function identityOf(access: ClusterAccess): Promise<Identity> {
  return access.credentials.current();
}

async function pod(): Promise<{ env: Record<string, string>; inClusterFolder: string }> {
  const inClusterFolder = join(folder, 'pod');
  await mkdir(inClusterFolder);
  await writeFile(join(inClusterFolder, 'token'), 'pod-token\n');
  await writeFile(join(inClusterFolder, 'ca.crt'), 'pod-ca');
  return { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }, inClusterFolder };
}

describe('which configuration is used', () => {
  test('a text in memory, before all files', async () => {
    const kubeconfig = await write('given', yamlFor('https://given:1'));
    const access = await load({ kubeconfig, kubeconfigText: yamlFor('https://text:2', 'of-the-text') });
    expect(access.server.origin).toBe('https://text:2');
    expect((await identityOf(access)).headers).toEqual({ authorization: 'Bearer of-the-text' });
  });

  test('--kubeconfig, whatever the environment says', async () => {
    const kubeconfig = await write('given', yamlFor('https://given:1'));
    const { env, inClusterFolder } = await pod();
    const access = await load({ kubeconfig, env: { ...env, KUBECONFIG: '/nonexistent' }, inClusterFolder });
    expect(access.server.origin).toBe('https://given:1');
    expect((await identityOf(access)).headers).toEqual({ authorization: 'Bearer secret' });
  });

  test('--master replaces the server and leaves the credentials', async () => {
    const kubeconfig = await write('given', yamlFor('https://given:1'));
    const access = await load({ kubeconfig, master: 'https://master:2' });
    expect(access.server.origin).toBe('https://master:2');
    expect((await identityOf(access)).headers).toEqual({ authorization: 'Bearer secret' });
  });

  test('--master alone wants no credentials, also in a pod', async () => {
    const access = await load({ master: 'http://127.0.0.1:8080', ...(await pod()) });
    expect(access.server.href).toBe('http://127.0.0.1:8080/');
    expect((await identityOf(access)).headers).toEqual({});
  });

  test('the service account of the pod, whatever KUBECONFIG says', async () => {
    const { env, inClusterFolder } = await pod();
    const access = await load({ env: { ...env, KUBECONFIG: '/nonexistent' }, inClusterFolder });
    expect(access.server.href).toBe('https://10.0.0.1/');
    expect(await identityOf(access)).toMatchObject({
      headers: { authorization: 'Bearer pod-token' },
      tls: { ca: 'pod-ca' },
    });
  });

  test('an IPv6 address of the API server gets brackets', async () => {
    const { inClusterFolder } = await pod();
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    expect((await load({ env, inClusterFolder })).server.origin).toBe('https://[fd00::1]:6443');
  });

  test('KUBECONFIG outside of pods, several files joined', async () => {
    const one = await write('one', 'current-context: c\ncontexts: [{ name: c, context: { cluster: k, user: u } }]\n');
    const two = await write('two', yamlFor('https://two:2'));
    expect((await load({ env: { KUBECONFIG: `${one}:${two}` } })).server.origin).toBe('https://two:2');
  });

  test('JSON is read without the YAML parser', async () => {
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k' } }],
      clusters: [{ name: 'k', cluster: { server: 'https://json:1/prefix', 'proxy-url': 'http://user:pw@proxy:1' } }],
    };
    const access = await load({ kubeconfig: await write('json', JSON.stringify(config)) });
    expect(access.server.href).toBe('https://json:1/prefix');
    expect(access.proxyUrl).toBe('http://user:pw@proxy:1');
  });
});

describe('what is said when it does not work', () => {
  const message = async (options: Partial<KubeConfigOptions>): Promise<string> => {
    const error = await load(options).then(
      () => new Error('it worked'),
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toMatchObject({ name: 'OperatorError', disposition: { retry: 'never' } });
    expect(error.message).not.toContain('\n');
    return error.message;
  };

  test('nothing is configured', async () => {
    expect(await message({})).toContain(
      'not in a pod (KUBERNETES_SERVICE_HOST is not set) and no kubeconfig; pass --kubeconfig=<file>',
    );
  });

  test('a file that is not there', async () => {
    expect(await message({ kubeconfig: '/nonexistent/config' })).toMatch(
      /cannot read kubeconfig \/nonexistent\/config: .*ENOENT.*; check --kubeconfig/,
    );
  });

  test('YAML that is not, without quoting its secrets', async () => {
    const kubeconfig = await write('broken', 'clusters: [\ntoken: hunter2: x\n');
    const text = await message({ kubeconfig });
    expect(text).toContain(`kubeconfig ${kubeconfig}: not valid YAML: `);
    expect(text).toContain('line 2');
    expect(text).not.toContain('hunter2');
  });

  test('a file that is something else', async () => {
    expect(await message({ kubeconfig: await write('other', 'just text') })).toContain(
      'it holds no clusters, users and contexts; is it the right file?',
    );
  });

  test('a certificate file that is not there names both files', async () => {
    const kubeconfig = await write('config', yamlFor('https://a', 'x', '    certificate-authority: missing.crt'));
    expect(await message({ kubeconfig })).toMatch(
      new RegExp(`kubeconfig ${kubeconfig}: cannot read ${folder}/missing.crt: .*ENOENT`),
    );
  });

  test('a pod without its token', async () => {
    const { env, inClusterFolder } = await pod();
    await rm(join(inClusterFolder, 'token'));
    expect(await message({ env, inClusterFolder })).toMatch(
      new RegExp(`service account of the pod: cannot read ${inClusterFolder}/token: .*ENOENT`),
    );
  });

  test('plain http to another machine would show the token to everybody', async () => {
    expect(await message({ kubeconfig: await write('config', yamlFor('http://10.0.0.1:8080')) })).toContain(
      'would send credentials unencrypted: "http://10.0.0.1:8080"; use https, or set insecure-skip-tls-verify',
    );
    const allowed = await write('allowed', yamlFor('http://10.0.0.1:8080', 'x', '    insecure-skip-tls-verify: true'));
    expect((await load({ kubeconfig: allowed })).server.origin).toBe('http://10.0.0.1:8080');
    const loopback = await write('loopback', yamlFor('http://[::1]:8080'));
    expect((await load({ kubeconfig: loopback })).server.origin).toBe('http://[::1]:8080');
  });

  test('a server that is no URL', async () => {
    expect(await message({ kubeconfig: await write('config', yamlFor('"ftp://x"')) })).toContain(
      'clusters[name=k].cluster.server is not a URL: "ftp://x"; use https://host:port',
    );
  });

  test('a SOCKS proxy, without quoting its password', async () => {
    const kubeconfig = await write('config', yamlFor('https://a', 'x', '    proxy-url: socks5://joe:hunter2@proxy'));
    const text = await message({ kubeconfig });
    expect(text).toContain(
      'clusters[name=k].cluster.proxy-url is not an http or https URL; SOCKS proxies are not supported',
    );
    expect(text).not.toContain('hunter2');
  });
});
