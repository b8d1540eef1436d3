import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createPublicKey, sign, verify } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KUBERNETES_VERSIONS, MINORS } from '@longshore/embedded-control-plane';
import { addressOf, cloudInit, initCommand, joinCommand, outsideKubeconfig } from './account-plan.ts';
import { root } from '../config.ts';
import { withImage } from './manifest.ts';
import { parseTestCluster } from './options.ts';
import { makeSshKey } from './ssh-key.ts';
import { testMatrix } from './test-matrix.ts';

describe('the environment of helpers/run-in-test-cluster', () => {
  test('nothing set: this machine, the newest minor, the defaults of the Go project', () => {
    expect(parseTestCluster({}, '/x')).toEqual({
      folder: '/x/k8test/cluster',
      prefix: 'k8test',
      minor: MINORS.at(-1),
      subnet: '10.100.1.0/24',
      image: 'longshore/cloudscale-ccm:test',
      isBuilding: true,
      networkPlugin: expect.stringContaining('flannel'),
      account: undefined,
    });
  });

  test.each(['https://h', 'https://h/', 'https://h/v1', 'https://h/v1/'])(
    'a token selects the account, at %s',
    (apiUrl) => {
      const env = { CLOUDSCALE_API_TOKEN: 'abc', CLOUDSCALE_API_URL: apiUrl, IMAGE_SOURCE: 'import' };
      expect(parseTestCluster(env, '/x')).toMatchObject({
        account: { token: 'abc', apiUrl: 'https://h' },
        isBuilding: false,
      });
    },
  );

  test.each([
    { kubernetes: 'latest', minor: MINORS.at(-1) },
    { kubernetes: '0', minor: MINORS.at(-1) },
    { kubernetes: '-1', minor: MINORS.at(-2) },
    { kubernetes: '-2', minor: MINORS.at(-3) },
    { kubernetes: '1.35', minor: '1.35' },
    { kubernetes: '1.35.9', minor: '1.35' },
  ])('KUBERNETES=$kubernetes is $minor', ({ kubernetes, minor }) => {
    expect(parseTestCluster({ KUBERNETES: kubernetes }, '/x')).toMatchObject({ minor });
  });

  test.each([
    { env: { IMAGE: 'no-slash:test' }, message: /must contain a slash/ },
    { env: { KUBERNETES: '1.20' }, message: /use latest/ },
    { env: { KUBERNETES: '-3' }, message: /use latest/ },
    { env: { SUBNET: 'x' }, message: /no IPv4 network/ },
    { env: { CLUSTER_PREFIX: '../x' }, message: /lower-case/ },
  ])('$env is refused', ({ env, message }) => {
    expect(parseTestCluster(env, '/x')).toMatch(message);
  });
});

describe('the key of a test cluster', () => {
  const key = makeSshKey('k8test');

  test('has one line for authorized_keys', () => {
    expect(key.publicKey).toMatch(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5[A-Za-z0-9+/]+ k8test\n$/);
  });

  test('is a pair: what one half signs, the other verifies', () => {
    const blob = Buffer.from(key.privateKey.split('\n').slice(1, -2).join(''), 'base64');
    const point = Buffer.from(key.publicKey.split(' ')[1]!, 'base64').subarray(-32);
    const at = blob.indexOf(Buffer.concat([point, Buffer.from([0, 0, 0, 64])])) + 36;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') };
    const secret = { key: { ...jwk, d: blob.subarray(at, at + 32).toString('base64url') }, format: 'jwk' as const };
    const signature = sign(null, Buffer.from('x'), secret);
    expect(verify(null, Buffer.from('x'), createPublicKey({ key: jwk, format: 'jwk' }), signature)).toBe(true);
  });

  const keygen = ['/usr/bin/ssh-keygen', '/usr/local/bin/ssh-keygen'].find((file) => existsSync(file));
  (keygen ? test : test.skip)('is read by OpenSSH (skipped without ssh-keygen)', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'longshore-ssh-'));
    try {
      writeFileSync(path.join(folder, 'ssh'), key.privateKey, { mode: 0o600 });
      const printed = execFileSync(keygen!, ['-y', '-f', path.join(folder, 'ssh')], { encoding: 'utf8' });
      expect(printed.split(' ').slice(0, 2)).toEqual(key.publicKey.split(' ').slice(0, 2));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test('the manifest gets image, API address and cluster name, each once', () => {
  const manifest = readFileSync(path.join(root, 'apps/cloudscale-ccm/deploy/latest.yml'), 'utf8');
  const changed = withImage(manifest, { image: 'a/b:test', apiUrl: 'http://127.0.0.1:1/', clusterId: 'k8test' });
  const added = changed.split('\n').filter((line) => !manifest.split('\n').includes(line));
  expect(added.map((line) => line.trim())).toEqual([
    'image: a/b:test',
    'value: http://127.0.0.1:1/',
    '- name: CLOUDSCALE_CLUSTER_ID',
    'value: k8test',
  ]);
});

describe('the test matrix', () => {
  test('CS row 80 newest patches of the three newest minors, three subnets, three prefixes', () => {
    const versions = ['1.35.1', '1.33.10', '1.34.5', '1.33.9', '1.32.20', '1.35.0', '1.9.11'];
    expect(testMatrix(versions)).toEqual([
      { kubernetes: '1.35.1', subnet: '10.100.1.0/24', cluster_prefix: 'k8test-matrix-1' },
      { kubernetes: '1.34.5', subnet: '10.100.2.0/24', cluster_prefix: 'k8test-matrix-2' },
      { kubernetes: '1.33.10', subnet: '10.100.3.0/24', cluster_prefix: 'k8test-matrix-3' },
    ]);
  });

  test('CS row 80 each of its entries is one that run-in-test-cluster takes', () => {
    for (const { kubernetes, subnet, cluster_prefix: prefix } of testMatrix(Object.values(KUBERNETES_VERSIONS))) {
      const env = { KUBERNETES: kubernetes, SUBNET: subnet, CLUSTER_PREFIX: prefix };
      expect(parseTestCluster(env, '/x')).toMatchObject({ subnet, prefix, minor: kubernetes.replace(/\.\d+$/, '') });
    }
  });
});

describe('helpers/image-from-ref', () => {
  const helper = path.join(root, 'apps/cloudscale-ccm/helpers/image-from-ref');
  const run = (args: readonly string[], ref?: string): string =>
    execFileSync(helper, args, {
      encoding: 'utf8',
      stdio: 'pipe',
      env: { PATH: process.env['PATH'], IMAGE_REPOSITORY: 'r/i', ...(ref ? { GITHUB_REF: ref } : {}) },
    });

  test.each([
    { ref: 'refs/heads/a/b', image: 'branch-a-b' },
    { ref: 'refs/heads/main', image: 'branch-main' },
    { ref: 'refs/pull/7/merge', image: 'pull-request-7' },
    { ref: 'refs/tags/1.3.0', image: '1.3.0' },
  ])('CS row 79 $ref is $image', ({ ref, image }) => {
    expect(run([], ref)).toBe(`IMAGE=r/i:${image}\n`);
    expect(run(['--ref', ref], 'refs/heads/other')).toBe(`IMAGE=r/i:${image}\n`);
  });

  test.each(['x', 'refs/heads/', 'main'])('CS row 79 %s ends with 1', (ref) => {
    expect(() => run(['--ref', ref])).toThrow(expect.objectContaining({ status: 1 }));
  });
});

describe('servers of an account', () => {
  test('prepare themselves for the wanted minor, and their kubelets wait for a cloud controller', () => {
    const text = cloudInit({ minor: '1.35' });
    expect(text).toMatch(/^#cloud-config\n/);
    expect(text).toContain('/v1.35/deb/');
    expect(text).toContain('KUBELET_EXTRA_ARGS=--cloud-provider=external');
  });

  test('control planes join with a certificate key, workers without', () => {
    const printed = 'kubeadm join 10.0.0.1:6443 --token t --discovery-token-ca-cert-hash sha256:x \nkey\n';
    const join = 'sudo kubeadm join 10.0.0.1:6443 --token t --discovery-token-ca-cert-hash sha256:x';
    expect(joinCommand(printed, 'control-2')).toBe(`${join} --control-plane --certificate-key key`);
    expect(joinCommand(printed, 'worker-1')).toBe(join);
  });

  test('the kubeconfig points to the address that this machine reaches, which the certificate names', () => {
    const kubeconfig = 'clusters:\n- cluster:\n    server: https://10.100.1.5:6443\n';
    expect(outsideKubeconfig(kubeconfig, '198.18.0.1')).toContain('server: https://198.18.0.1:6443\n');
    expect(initCommand({ minor: '1.36' }, '198.18.0.1', '10.100.1.5')).toContain(
      '--apiserver-cert-extra-sans=198.18.0.1',
    );
  });

  test('addresses are taken by the kind of their interface', () => {
    const address = (value: string, version = 4): { version: number; address: string } => ({ version, address: value });
    const interfaces = [
      { type: 'public', addresses: [address('2a06::1', 6), address('198.18.0.1')] },
      { type: 'private', addresses: [address('10.100.1.5')] },
    ];
    const server = { uuid: '', name: '', status: 'running', interfaces };
    expect([addressOf(server, 'public'), addressOf(server, 'private')]).toEqual(['198.18.0.1', '10.100.1.5']);
  });
});

describe.each(['run-in-test-cluster', 'cleanup'])('helpers/%s', (helper) => {
  const script = path.join(root, 'apps/cloudscale-ccm/helpers', helper);

  test('--help says what it does and which settings there are, and does nothing', () => {
    expect(execFileSync(script, ['--help'], { encoding: 'utf8' })).toMatch(/run-in-test-cluster|CLOUDSCALE_API_TOKEN/);
  });

  test('another argument is refused', () => {
    expect(() => execFileSync(script, ['kubectl'], { stdio: 'pipe' })).toThrow(/kubectl/);
  });
});
