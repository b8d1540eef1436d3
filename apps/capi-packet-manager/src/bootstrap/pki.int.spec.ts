// Our keys, certificates, tokens and hashes before judges that are not ours: a real kube-apiserver, openssl, kubeadm.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { acquireBinary, kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { CertificatePair, ClusterKeys } from './contract.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { caCertHash, generateClusterKeys, issueAdminCertificate, issueClientCertificate } from './pki.ts';
import type { KeyAlgorithm } from './pki.ts';
import { generateToken, parseToken, tokenSecret, tokenSecretName } from './token.ts';

const ALGORITHMS: readonly KeyAlgorithm[] = ['rsa-2048', 'rsa-4096', 'ecdsa-p256', 'ecdsa-p384'];
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const withOpenssl = hasOpenssl ? test.each : test.skip.each;
const ifMissing = hasOpenssl ? '' : ' (skipped: openssl is not installed)';
const execute = promisify(execFile);

const clusters = new Map<KeyAlgorithm, ClusterKeys>();
let folder: string;
let plane: ControlPlane;

const caOf = (algorithm: KeyAlgorithm): CertificatePair => clusters.get(algorithm)?.ca as CertificatePair;

/** Who the API server takes the bearer of a certificate for. */
const whoAmI = async ({ certPem: cert, keyPem: key }: CertificatePair): Promise<{ status: number; body: string }> => {
  const review = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  const url = new URL('/apis/authentication.k8s.io/v1/selfsubjectreviews', plane.server);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(review) };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers, ca: plane.caCertPem, cert, key, agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
    });
    call.once('error', reject);
    call.end(review);
  });
};

const userOfToken = async (token: string): Promise<{ status: number; body: string }> => {
  const call = {
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  };
  const { status, body } = await plane.request(call, { token });
  return { status, body: JSON.stringify(body) };
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'longshore-pki-'));
  for (const algorithm of ALGORITHMS) {
    clusters.set(algorithm, await generateClusterKeys({ cluster: algorithm, nowMs: Date.now(), algorithm }));
  }
  const authorities = path.join(folder, 'client-ca.crt');
  writeFileSync(authorities, ALGORITHMS.map((algorithm) => caOf(algorithm).certPem).join(''));
  plane = await startControlPlane({
    apiServerArgs: [`--client-ca-file=${authorities}`, '--enable-bootstrap-token-auth=true'],
  });
}, 600_000);

afterAll(async () => {
  await plane?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe.each(ALGORITHMS)('a CA of %s as client CA of a real API server', (algorithm) => {
  test(`CA row R5 CA row R6 the administrator's certificate is system:masters`, async () => {
    const admin = await issueAdminCertificate(caOf(algorithm), { nowMs: Date.now() });
    const { status, body } = await whoAmI(admin);
    expect(status).toBe(201);
    expect(JSON.parse(body)).toMatchObject({
      status: { userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] } },
    });
  }, 60_000);

  test('CA row R6 a certificate of another CA with the same names is refused', async () => {
    const other = await generateClusterKeys({ cluster: algorithm, nowMs: Date.now(), algorithm: 'ecdsa-p256' });
    const { status } = await whoAmI(await issueAdminCertificate(other.ca, { nowMs: Date.now() }));
    expect(status).toBe(401);
  }, 60_000);
});

test('a kubeconfig of ours works with kubectl', async () => {
  const admin = await issueAdminCertificate(caOf('rsa-2048'), { nowMs: Date.now() });
  const kubeconfigPath = path.join(folder, 'kubeconfig');
  const wish = { cluster: 'blue', server: plane.server, caCertPem: plane.caCertPem, ...admin };
  writeFileSync(kubeconfigPath, kubeconfigText(wish), { mode: 0o600 });
  const kubectl = await kubectlFor({ kubeconfigPath, folder });
  expect(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('kubernetes-admin');
  expect(await kubectl('config', 'current-context')).toBe('kubernetes-admin@blue\n');
}, 120_000);

withOpenssl(ALGORITHMS)(
  `CA row R5 CA row R6 openssl accepts the chain of %s${ifMissing}`,
  async (algorithm) => {
    const { certPem } = await issueClientCertificate(caOf(algorithm), {
      commonName: 'ann',
      organizations: ['a', 'b'],
      nowMs: Date.now(),
    });
    const [ca, leaf] = [path.join(folder, `${algorithm}.ca`), path.join(folder, `${algorithm}.crt`)];
    writeFileSync(ca, caOf(algorithm).certPem);
    writeFileSync(leaf, certPem);
    const { stdout } = await execute('openssl', [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      ca,
      leaf,
    ]);
    expect(stdout).toBe(`${leaf}: OK\n`);
    await expect(execute('openssl', ['verify', '-purpose', 'sslserver', '-CAfile', ca, leaf])).rejects.toThrow();
    // Keys as kubeadm reads them: openssl names their format by the header.
    const { keyPem } = caOf(algorithm);
    expect(spawnSync('openssl', ['pkey', '-noout', '-check'], { input: keyPem }).status).toBe(0);
  },
  60_000,
);

withOpenssl(ALGORITHMS)(`CA row R7 the hash of the CA is what openssl computes: %s${ifMissing}`, (algorithm) => {
  const ca = path.join(folder, `${algorithm}.hash`);
  writeFileSync(ca, caOf(algorithm).certPem);
  const pipeline = 'openssl x509 -pubkey -noout -in "$1" | openssl pkey -pubin -outform der | openssl dgst -sha256 -r';
  const { stdout } = spawnSync('sh', ['-c', pipeline, 'sh', ca], { encoding: 'utf8' });
  expect(caCertHash(caOf(algorithm).certPem)).toBe(`sha256:${stdout.split(' ')[0]}`);
});

test('CA row R7 the hashes of all CAs are what kubeadm computes of them', async () => {
  const kubeadm = await acquireBinary('kubeadm', '1.36');
  const pems = [plane.caCertPem, ...ALGORITHMS.map((algorithm) => caOf(algorithm).certPem)];
  const kubeconfig = path.join(folder, 'kubeadm.kubeconfig');
  const admin = await issueAdminCertificate(caOf('ecdsa-p256'), { nowMs: Date.now() });
  // kubeadm prints the hash of every certificate in the bundle.
  const wish = { cluster: 'blue', server: plane.server, caCertPem: pems.join(''), ...admin };
  writeFileSync(kubeconfig, kubeconfigText(wish), { mode: 0o600 });
  const args = ['token', 'create', '--print-join-command', '--kubeconfig', kubeconfig];
  const { stdout } = await execute(kubeadm, args, { env: { ...process.env, HOME: folder } });
  const hashes = [...stdout.matchAll(/--discovery-token-ca-cert-hash (sha256:[0-9a-f]+)/g)].map(([, hash]) => hash);
  expect(hashes.sort()).toEqual(pems.map(caCertHash).sort());
}, 300_000);

describe('CA row R9 a token of ours before a real API server', () => {
  const secrets = '/api/v1/namespaces/kube-system/secrets';
  const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

  beforeAll(async () => {
    // The API server makes its namespaces a moment after it is ready; a second one is answered with 409.
    await plane.request({ path: '/api/v1/namespaces', body: { metadata: { name: 'kube-system' } } });
  });

  test('lets the machine in as what kubeadm expects; once it has expired no more', async () => {
    const token = generateToken();
    const { id } = parseToken(token) ?? { id: '' };
    const description = 'machine default/worker-0';
    const made = await plane.request({
      path: secrets,
      body: tokenSecret({ token, expiresAt: inHours(1), description }),
    });
    expect(made.status).toBe(201);
    const known = await until('the token is known', async () => {
      const answer = await userOfToken(token);
      return answer.status === 201 ? answer : undefined;
    });
    expect(JSON.parse(known.body)).toMatchObject({
      status: {
        userInfo: {
          username: `system:bootstrap:${id}`,
          groups: expect.arrayContaining(['system:bootstrappers:kubeadm:default-node-token', 'system:bootstrappers']),
        },
      },
    });
    const expired = tokenSecret({ token, expiresAt: inHours(-1), description });
    const put = { method: 'PUT', path: `${secrets}/${tokenSecretName(id)}`, body: expired };
    expect((await plane.request(put)).status).toBe(200);
    await until('the token lets nobody in', async () => (await userOfToken(token)).status === 401);
  }, 180_000);

  test('a token that nobody made does not', async () => {
    expect((await userOfToken(generateToken())).status).toBe(401);
  }, 60_000);
});

async function until<T>(what: string, look: () => Promise<T>, limitMs = 120_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const answer = await look();
    if (answer) return answer;
    await wait(200);
  }
  throw new Error(`not so after ${limitMs / 1000} s: ${what}`);
}
