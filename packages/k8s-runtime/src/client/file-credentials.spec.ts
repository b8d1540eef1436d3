import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FileCredentials, impersonationHeaders } from './file-credentials.ts';
import type { CredentialSources } from './file-credentials.ts';

let folder: string;
let clock: FakeClock;
const log = recordingLogger();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  clock = new FakeClock();
});

afterEach(async () => rm(folder, { recursive: true }));

const load = (sources: CredentialSources): Promise<FileCredentials> =>
  FileCredentials.load({ sources, clock, log, origin: 'test' });
const bearer = (token: string): object => ({ authorization: `Bearer ${token}` });

describe('FileCredentials', () => {
  test('a token file is read again after 60 s, not before, and wins over the inline token', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one\n');
    const credentials = await load({ tokenFile, token: 'inline' });
    await writeFile(tokenFile, 'two');
    await clock.advance(59_999);
    expect(credentials.current()).toMatchObject({ headers: bearer('one') });
    await clock.advance(1);
    expect(await credentials.current()).toMatchObject({ headers: bearer('two') });
  });

  test('callers that come together share one reading', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one');
    const credentials = await load({ tokenFile });
    await clock.advance(60_000);
    const [a, b] = [credentials.current(), credentials.current()];
    expect(await a).toBe(await b);
  });

  test('a forced reading says whether there was anything new', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one');
    const credentials = await load({ tokenFile });
    expect(await credentials.renew()).toBe(false);
    await writeFile(tokenFile, 'two');
    expect(await credentials.renew()).toBe(true);
    expect(credentials.current()).toMatchObject({ headers: bearer('two') });
  });

  test('equal bytes keep the TLS material, so that connections stay; other bytes replace it', async () => {
    const file = join(folder, 'ca.crt');
    await writeFile(file, 'ca-1');
    const credentials = await load({ ca: { file }, cert: { inline: 'cert' }, serverName: 'name' });
    const before = (await credentials.current()).tls;
    await writeFile(file, 'ca-1');
    await credentials.renew();
    expect((await credentials.current()).tls).toBe(before);
    await writeFile(file, 'ca-2');
    await credentials.renew();
    expect((await credentials.current()).tls).toEqual({
      ca: 'ca-2',
      cert: 'cert',
      key: undefined,
      serverName: 'name',
      isInsecure: undefined,
    });
  });

  test.each(['removed', 'empty'])('a file that is %s keeps what it held, with a warning', async (how) => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one');
    const credentials = await load({ tokenFile });
    if (how === 'removed') await rm(tokenFile);
    else await writeFile(tokenFile, '');
    log.lines.length = 0;
    await clock.advance(60_000);
    expect(await credentials.current()).toMatchObject({ headers: bearer('one') });
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'credential file cannot be read, using what it held before'],
    ]);
  });

  test('user and password become basic authentication, unless there is a token', async () => {
    const basic = { username: 'joe', password: 'p:w' };
    expect(await (await load({ basic })).current()).toMatchObject({ headers: { authorization: 'Basic am9lOnA6dw==' } });
    expect(await (await load({ basic, token: 't' })).current()).toMatchObject({ headers: bearer('t') });
  });

  test('without files nothing is ever read again', async () => {
    const credentials = await load({ token: 't' });
    const first = credentials.current();
    await clock.advance(3_600_000);
    expect(credentials.current()).toBe(first);
  });
});

test('impersonation headers', () => {
  expect(impersonationHeaders(undefined)).toEqual({});
  expect(impersonationHeaders({ user: 'jane', groups: [], extra: {} })).toEqual({ 'impersonate-user': 'jane' });
  expect(
    impersonationHeaders({ user: 'jane', uid: '7', groups: ['a', 'b'], extra: { 'Acme.io/Scope': ['x'] } }),
  ).toEqual({
    'impersonate-user': 'jane',
    'impersonate-uid': '7',
    'impersonate-group': ['a', 'b'],
    'impersonate-extra-acme.io%2Fscope': ['x'],
  });
});
