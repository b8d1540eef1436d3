import { describe, expect, test } from '@jest/globals';
import { generateToken, parseToken, tokenSecret, tokenSecretName } from './token.ts';

const PATTERN = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

describe('generateToken', () => {
  test('CA row R8 100,000 tokens: all of the pattern, no two alike, every character as often as any other', () => {
    const tokens = Array.from({ length: 100_000 }, () => generateToken());
    expect(tokens.filter((token) => !PATTERN.test(token))).toEqual([]);
    expect(new Set(tokens).size).toBe(tokens.length);
    const counts = new Map<string, number>();
    for (const token of tokens) for (const character of token) counts.set(character, (counts.get(character) ?? 0) + 1);
    counts.delete('.');
    const expected = (tokens.length * 22) / 36;
    // 247 is the standard deviation: eight of them never happen; modulo 36 alone would be off by 3600.
    const far = [...counts].filter(([, count]) => Math.abs(count - expected) > 8 * 247);
    expect(far).toEqual([]);
    expect(counts.size).toBe(36);
  });

  test('bytes that would favour some characters are thrown away', () => {
    const draws = [new Uint8Array(32).fill(252), new Uint8Array(32).fill(255), new Uint8Array(32).fill(251)];
    expect(generateToken(() => draws.shift() ?? new Uint8Array(32))).toBe('999999.9999999999999999');
  });
});

describe('parseToken', () => {
  test.each([
    '',
    'abcdef',
    'abcdef.',
    'ABCDEF.0123456789abcdef',
    'abcdef.0123456789abcdef\n',
    'abcdef.0123456789abcdefg',
  ])('%j is none', (text) => {
    expect(parseToken(text)).toBeUndefined();
    expect(tokenSecret({ token: text, expiresAt: '2026-01-01T00:00:00Z', description: '' })).toBeUndefined();
  });

  test('its parts', () => {
    expect(parseToken('abcdef.0123456789abcdef')).toEqual({ id: 'abcdef', secret: '0123456789abcdef' });
    expect(tokenSecretName('abcdef')).toBe('bootstrap-token-abcdef');
  });
});

test('the Secret has the keys that an API server and kubeadm read', () => {
  const wish = { token: 'abcdef.0123456789abcdef', expiresAt: '2026-11-21T12:00:00.123Z', description: 'machine a/b' };
  const secret = tokenSecret(wish);
  const read = Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
  expect(secret).toMatchObject({
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
  });
  expect(Object.fromEntries(read)).toEqual({
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    expiration: '2026-11-21T12:00:00Z',
    description: 'machine a/b',
    'usage-bootstrap-signing': 'true',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  });
});
