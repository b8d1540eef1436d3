// Fetching pinned packages: from a mirror of this test, so that what happens when a package has gone, or is another, can be seen.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fetchPackage, readPackage } from './debian-package.ts';
import type { PinnedPackage } from './pinned-packages.ts';

const hasApt = existsSync('/usr/lib/apt/apt-helper') && existsSync('/usr/bin/dpkg-deb');
const inDebian = hasApt ? describe : describe.skip;
const content = Buffer.from('what the package holds');

const pin: PinnedPackage = {
  name: 'x',
  version: '1',
  license: 'MIT',
  path: 'pool/x_1_all.deb',
  sha256: createHash('sha256').update(content).digest('hex'),
};

inDebian('a pinned package (skipped without apt and dpkg)', () => {
  let cacheFolder: string;
  let mirror: string;
  let served: Buffer | undefined;
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.statusCode = served ? 200 : 404;
    response.end(served);
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    cacheFolder = await mkdtemp(path.join(tmpdir(), 'longshore-packages-'));
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(cacheFolder, { recursive: true, force: true });
  });

  test('that has gone is an error which says what to do, and leaves nothing', async () => {
    served = undefined;
    const failing = fetchPackage(pin, { cacheFolder, mirrors: [mirror] });
    await expect(failing).rejects.toMatchObject({ code: 'IMAGE_PACKAGE_GONE' });
    await expect(failing).rejects.toThrow(/x_1_all\.deb .* cannot be had: .*pinned-packages\.ts/);
    expect(await readdir(path.join(cacheFolder, 'packages'))).toEqual([]);
  });

  test('that is another one is refused', async () => {
    served = Buffer.from('something else');
    await expect(fetchPackage(pin, { cacheFolder, mirrors: [mirror] })).rejects.toMatchObject({
      code: 'IMAGE_PACKAGE_GONE',
    });
  });

  test('is fetched once, from the first mirror that has it', async () => {
    served = content;
    const file = await fetchPackage(pin, { cacheFolder, mirrors: ['http://127.0.0.1:9/nobody', mirror] });
    expect(await readFile(file)).toEqual(content);
    const before = asked;
    expect(await fetchPackage(pin, { cacheFolder, mirrors: [mirror] })).toBe(file);
    expect(asked).toBe(before);
  });

  test('that is no package is named when it is read', async () => {
    const file = path.join(cacheFolder, 'broken.deb');
    await writeFile(file, 'broken');
    await expect(readPackage(file)).rejects.toMatchObject({ code: 'IMAGE_PACKAGE_UNREADABLE' });
  });
});
