import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ClusterKeys } from './contract.ts';
import { checkClusterKeys, checkPair, foundPairs } from './key-check.ts';
import type { FoundPair, PairName } from './key-check.ts';
import {
  caCertHash,
  certificateFingerprint,
  generateClusterKeys,
  isDueForRenewal,
  issueAdminCertificate,
  issueClientCertificate,
  KUBEADM_CLUSTER_ADMINS,
} from './pki.ts';
import type { KeyAlgorithm } from './pki.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DAY_MS = 24 * 60 * 60_000;
const keys = await generateClusterKeys({ cluster: 'blue', nowMs: NOW, algorithm: 'ecdsa-p256' });
const ca = new X509Certificate(keys.ca.certPem);

describe('generateClusterKeys', () => {
  test('four pairs that fit, authorities for ten years, backdated by five minutes', () => {
    expect(checkClusterKeys(foundPairs(keys), NOW)).toEqual([]);
    for (const { certPem } of [keys.ca, keys.etcdCa, keys.frontProxyCa]) {
      const certificate = new X509Certificate(certPem);
      expect(certificate.validFromDate.getTime()).toBe(NOW - 5 * 60_000);
      expect(certificate.validToDate.getTime()).toBe(NOW + 3650 * DAY_MS);
      expect(certificate.ca && certificate.verify(certificate.publicKey)).toBe(true);
    }
    expect({ ...(ca.toLegacyObject().subject as object) }).toEqual({ O: 'blue', CN: 'kubernetes' });
  });

  test('authorities of one cluster share no key, and no two clusters do', async () => {
    const others = await generateClusterKeys({ cluster: 'blue', nowMs: NOW, algorithm: 'ecdsa-p256' });
    const all = [keys, others].flatMap((one: ClusterKeys) => [
      one.ca,
      one.etcdCa,
      one.frontProxyCa,
      one.serviceAccount,
    ]);
    expect(new Set(all.map(({ keyPem }) => keyPem)).size).toBe(8);
  });

  test('the default is RSA 2048, in PKCS#1 as kubeadm writes it; elliptic curves are in SEC1', async () => {
    const rsa = await generateClusterKeys({ cluster: 'blue', nowMs: NOW });
    expect(rsa.ca.keyPem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(rsa.serviceAccount.publicPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(createPrivateKey(rsa.ca.keyPem).asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(keys.ca.keyPem).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
    expect(checkClusterKeys(foundPairs(rsa), NOW)).toEqual([]);
  });

  test('a lifetime beyond 2049 is written right', async () => {
    const late = Date.parse('2045-01-01T00:00:00Z');
    const { ca: lateCa } = await generateClusterKeys({ cluster: 'blue', nowMs: late, algorithm: 'ecdsa-p256' });
    expect(new X509Certificate(lateCa.certPem).validToDate.getTime()).toBe(late + 3650 * DAY_MS);
  });
});

describe('client certificates', () => {
  test('the manager is system:masters for a year; people can get a group that RBAC governs', async () => {
    const own = new X509Certificate((await issueAdminCertificate(keys.ca, { nowMs: NOW })).certPem);
    expect({ ...(own.toLegacyObject().subject as object) }).toEqual({ O: 'system:masters', CN: 'kubernetes-admin' });
    expect(own.validToDate.getTime()).toBe(NOW + 365 * DAY_MS);
    expect(own.checkIssued(ca) && own.verify(ca.publicKey)).toBe(true);
    expect(own.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    const theirs = await issueAdminCertificate(keys.ca, { nowMs: NOW, organization: KUBEADM_CLUSTER_ADMINS });
    expect(new X509Certificate(theirs.certPem).subject).toContain('O=kubeadm:cluster-admins');
  });

  test.each(['#ab', 'a "quoted" name', 'CN=x, O=system:masters', 'back\\slash'])('%s stays one name', async (name) => {
    const pair = await issueClientCertificate(keys.ca, { commonName: name, organizations: [name], nowMs: NOW });
    const { subject } = new X509Certificate(pair.certPem).toLegacyObject();
    expect({ ...(subject as object) }).toEqual({ CN: name, O: name });
  });

  test('the key fits, and no certificate outlives its CA', async () => {
    const nearEnd = NOW + 3600 * DAY_MS;
    const pair = await issueAdminCertificate(keys.ca, { nowMs: nearEnd });
    const certificate = new X509Certificate(pair.certPem);
    expect(certificate.checkPrivateKey(createPrivateKey(pair.keyPem))).toBe(true);
    expect(certificate.validToDate).toEqual(ca.validToDate);
  });

  test.each<{ when: string; daysLater: number; isDue: boolean }>([
    { when: 'just made', daysLater: 0, isDue: false },
    { when: 'half a year old', daysLater: 180, isDue: false },
    { when: 'with less than half of its life left', daysLater: 184, isDue: true },
    { when: 'expired', daysLater: 400, isDue: true },
  ])('CA row C9 a client certificate $when: renewed $isDue', async ({ daysLater, isDue }) => {
    const { certPem } = await issueAdminCertificate(keys.ca, { nowMs: NOW });
    expect(isDueForRenewal(certPem, NOW + daysLater * DAY_MS)).toBe(isDue);
  });
});

describe('checkPair', () => {
  const found = foundPairs(keys);
  const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const ed25519 = generateKeyPairSync('ed25519');
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  const pkcs8 = (pair: { readonly privateKey: ReturnType<typeof createPrivateKey> }): string =>
    pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  test.each<{ when: string; name?: PairName; pair: FoundPair; kind: string | undefined; says?: RegExp }>([
    { when: 'nothing is there: it is to be made', pair: {}, kind: undefined },
    { when: 'CA row C2 a pair that fits', pair: found.ca, kind: undefined },
    {
      when: 'CA row C2 the key of another certificate',
      pair: { ...found.ca, keyPem: keys.etcdCa.keyPem },
      kind: 'mismatch',
      says: /cluster CA: tls\.key does not belong to tls\.crt/,
    },
    {
      when: 'CA row C3 only a certificate',
      pair: { publicPem: keys.ca.certPem },
      kind: 'missing-half',
      says: /no private key \(tls\.key\)/,
    },
    { when: 'only a key', pair: { keyPem: keys.ca.keyPem, publicPem: '' }, kind: 'missing-half', says: /tls\.crt/ },
    { when: 'no PEM', pair: { ...found.ca, keyPem: 'secret words' }, kind: 'unreadable' },
    { when: 'a certificate that is none', pair: { ...found.ca, publicPem: 'words' }, kind: 'unreadable' },
    {
      when: 'CA row R6 Ed25519',
      pair: { ...found.ca, keyPem: pkcs8(ed25519) },
      kind: 'unsupported-key',
      says: /ed25519 .* kubeadm reads RSA and ECDSA only/,
    },
    { when: 'P-521', pair: { ...found.ca, keyPem: pkcs8(p521) }, kind: 'unsupported-key', says: /secp521r1/ },
    { when: 'RSA 1024', pair: { ...found.ca, keyPem: pkcs8(rsa1024) }, kind: 'unsupported-key', says: /1024 bits/ },
    { when: 'service account pair', name: 'serviceAccount', pair: found.serviceAccount, kind: undefined },
    {
      when: 'service account public key of another',
      name: 'serviceAccount',
      pair: {
        ...found.serviceAccount,
        publicPem: createPublicKey(keys.ca.keyPem).export({ type: 'spki', format: 'pem' }).toString(),
      },
      kind: 'mismatch',
    },
    {
      when: 'service account public key that is none',
      name: 'serviceAccount',
      pair: { ...found.serviceAccount, publicPem: 'words' },
      kind: 'unreadable',
    },
  ])('$when', ({ name = 'ca', pair, kind, says }) => {
    const [problem, ...more] = checkPair(name, pair, NOW);
    expect(problem?.kind).toBe(kind);
    expect(more).toEqual([]);
    if (problem !== undefined) expect(problem.isFatal).toBe(true);
    if (says !== undefined) expect(problem?.message).toMatch(says);
    expect(problem?.message ?? '').not.toContain('secret words');
  });

  test('a certificate that may not sign', async () => {
    const leaf = await issueAdminCertificate(keys.ca, { nowMs: NOW });
    const problems = checkPair('ca', { publicPem: leaf.certPem, keyPem: leaf.keyPem }, NOW);
    expect(problems).toMatchObject([{ kind: 'not-an-authority', isFatal: true }]);
  });

  test('CA row C9 a CA that expires in 20 days is a warning, an expired one is fatal', () => {
    const ends = ca.validToDate.getTime();
    expect(checkPair('ca', found.ca, ends - 31 * DAY_MS)).toEqual([]);
    expect(checkPair('ca', found.ca, ends - 20 * DAY_MS)).toMatchObject([
      {
        kind: 'expires-soon',
        isFatal: false,
        message: 'cluster CA: the certificate expires on 2036-11-18, in 20 days, and is not replaced by itself',
      },
    ]);
    expect(checkPair('ca', found.ca, ends)).toMatchObject([{ kind: 'expired', isFatal: true }]);
  });

  test('all pairs are looked at', () => {
    const { keyPem } = found.ca;
    const problems = checkClusterKeys({ ...found, etcdCa: { keyPem }, frontProxyCa: { keyPem }, ca: { keyPem } }, NOW);
    expect(problems.map(({ pair }) => pair).sort()).toEqual(['ca', 'etcdCa', 'frontProxyCa']);
  });
});

describe('hash and fingerprint of a CA', () => {
  test.each<KeyAlgorithm>(['ecdsa-p256', 'ecdsa-p384'])('have the form that others read (%s)', async (algorithm) => {
    const { ca: pair } = await generateClusterKeys({ cluster: 'x', nowMs: NOW, algorithm });
    expect(caCertHash(pair.certPem)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(certificateFingerprint(pair.certPem)).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  test('the hash stays when the certificate is renewed with the same key, the fingerprint does not', () => {
    expect(caCertHash(keys.ca.certPem)).not.toBe(caCertHash(keys.etcdCa.certPem));
    expect(caCertHash(keys.ca.certPem)).toBe(caCertHash(keys.ca.certPem));
  });
});
