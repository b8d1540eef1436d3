import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CaCacheFile } from './ca-cache-file.ts';
import { chooseCa, formatCaCache, parseCaCache } from './ca-cache.ts';
import { checkPair } from './key-check.ts';
import { generateClusterKeys } from './pki.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const { ca, etcdCa } = await generateClusterKeys({ cluster: 'blue', nowMs: NOW, algorithm: 'ecdsa-p256' });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
// As encoding/json writes map[string]struct{ Certificate, PrivateKey []byte }.
const byGo = `{"blue":{"Certificate":"${base64(ca.certPem)}","PrivateKey":"${base64(ca.keyPem)}"}}`;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-ca-cache-'));
  path = join(folder, 'out', 'cache.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (text: string): void => {
  path = join(folder, 'cache.json');
  writeFileSync(path, text);
};

describe('the CA cache file', () => {
  test('CA row R1 absent: empty, and made with its folder when there is something to keep', async () => {
    const cache = await CaCacheFile.open(path);
    expect(cache.get('blue')).toBeUndefined();
    await cache.set('blue', ca);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await CaCacheFile.open(path)).get('blue')).toEqual(ca);
  });

  test.each(['{}', '', ' \n'])('CA row R1 %j is an empty cache', async (text) => {
    put(text);
    expect((await CaCacheFile.open(path)).get('blue')).toBeUndefined();
  });

  test.each([
    '{',
    '[]',
    '"x"',
    'null',
    '{"blue":{}}',
    '{"blue":null}',
    '{"blue":{"Certificate":"AAAA","PrivateKey":"AAAA"}}',
  ])('CA row R1 %s ends the process, with the path', async (text) => {
    put(text);
    await expect(CaCacheFile.open(path)).rejects.toMatchObject({
      code: 'CA_CACHE_INVALID',
      message: expect.stringContaining(path),
      disposition: { retry: 'never' },
    });
  });

  test('CA row R1 what cannot be read ends the process, with the path', async () => {
    await expect(CaCacheFile.open(folder)).rejects.toMatchObject({
      code: 'CA_CACHE_UNREADABLE',
      message: expect.stringContaining(folder),
    });
  });

  test('CA row R2 written by the Go program: the same CA, and we write what it would', async () => {
    put(byGo);
    const found = (await CaCacheFile.open(path)).get('blue');
    expect(found).toEqual(ca);
    expect(checkPair('ca', { publicPem: found?.certPem, keyPem: found?.keyPem }, NOW)).toEqual([]);
    expect(formatCaCache(parseCaCache(byGo, path))).toBe(byGo);
  });

  test('a cluster that is deleted is forgotten; changes at the same time are all kept; a loose mode is corrected', async () => {
    put(byGo);
    chmodSync(path, 0o644);
    const cache = await CaCacheFile.open(path);
    await Promise.all([cache.set('red', etcdCa), cache.set('green', ca), cache.delete('blue'), cache.delete('nobody')]);
    const read = await CaCacheFile.open(path);
    expect([read.get('red'), read.get('green'), read.get('blue')]).toEqual([etcdCa, ca, undefined]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['cache.json']);
  });

  test('CA row R3 killed while it writes: the old or the new content, never half', async () => {
    put('{}');
    const source = new URL('./ca-cache-file.ts', import.meta.url).href;
    const script = `import { CaCacheFile } from '${source}';
      const cache = await CaCacheFile.open(process.argv[1]);
      for (let n = 0; ; n++) { await cache.set('blue', { certPem: '-----BEGIN ' + n + 'x'.repeat(200_000), keyPem: '-----BEGIN ' + n }); console.log(n); }`;
    for (const lines of [1, 2, 3, 5, 8]) {
      const args = ['--conditions=@longshore/source', '--input-type=module', '-e', script, path];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let seen = '';
      for await (const piece of child.stdout) {
        seen += String(piece);
        if (seen.split('\n').length > lines) break;
      }
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      const pair = parseCaCache(readFileSync(path, 'utf8'), path).get('blue');
      expect(pair?.certPem).toBe(`${pair?.keyPem}${'x'.repeat(200_000)}`);
    }
  }, 120_000);
});

describe('chooseCa', () => {
  test('CA row R4 Secret and cache differ: refused, with the cluster and without keys', () => {
    expect(() => chooseCa('blue', ca, etcdCa)).toThrow(expect.objectContaining({ code: 'CA_CACHE_DIFFERS' }));
    expect(() => chooseCa('blue', ca, { ...ca, keyPem: etcdCa.keyPem })).toThrow(
      /the CA of cluster blue in its Secret/,
    );
  });

  test.each([
    { when: 'the Secret alone', secret: ca, cached: undefined, choice: { use: 'secret', pair: ca } },
    {
      when: 'both alike',
      secret: ca,
      cached: { ...ca, certPem: `${ca.certPem}\n` },
      choice: { use: 'secret', pair: ca },
    },
    { when: 'the cache alone', secret: undefined, cached: ca, choice: { use: 'cache', pair: ca } },
    { when: 'neither', secret: undefined, cached: undefined, choice: { use: 'new' } },
  ])('$when', ({ secret, cached, choice }) => {
    expect(chooseCa('blue', secret, cached)).toEqual(choice);
  });
});
