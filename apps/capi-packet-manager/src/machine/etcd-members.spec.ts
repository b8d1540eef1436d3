// The member that has to go, and the calls to etcd's gateway: over TLS, with certificates of etcd's own authority.
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import type { CertificatePair } from '../bootstrap/contract.ts';
import { generateClusterKeys } from '../bootstrap/pki.ts';
import { EtcdMembers } from './etcd-members.ts';
import { memberOf, parseMembers } from './etcd-plan.ts';

describe('memberOf', () => {
  const m0 = { id: '1', name: 'm-0', peerUrls: ['https://10.0.0.1:2380'] };
  const unstarted = { id: '2', name: '', peerUrls: ['https://10.0.0.2:2380'] };
  const v6 = { id: '3', name: '', peerUrls: ['https://[2001:db8::3]:2380'] };
  test.each([
    { when: 'it has the name', lost: { name: 'm-0', addresses: [] }, id: '1' },
    { when: 'it never started and has the address', lost: { name: 'm-1', addresses: ['10.0.0.2'] }, id: '2' },
    { when: 'the address is IPv6', lost: { name: 'm-2', addresses: ['2001:db8::3'] }, id: '3' },
    {
      when: 'a named one has the address of another machine',
      lost: { name: 'm-9', addresses: ['10.0.0.1'] },
      id: undefined,
    },
    { when: 'nothing fits', lost: { name: 'm-9', addresses: ['10.0.0.9'] }, id: undefined },
  ])('$when: $id', ({ lost, id }) => {
    expect(memberOf([m0, unstarted, v6], lost)?.id).toBe(id);
  });

  test('answers of etcd are read, nonsense in them is passed over', () => {
    const body = JSON.stringify({ members: [{ ID: '17', name: 'a', peerURLs: ['x', 1] }, { name: 'no id' }, null] });
    expect(parseMembers(body)).toEqual([{ id: '17', name: 'a', peerUrls: ['x'] }]);
    expect(parseMembers('{}')).toEqual([]);
  });
});

describe('EtcdMembers', () => {
  const servers: https.Server[] = [];
  const signal = new AbortController().signal;
  const clock = new FakeClock({ nowMs: Date.now() });

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function etcd(ca: CertificatePair, status = 200): Promise<{ port: number; seen: string[] }> {
    const seen: string[] = [];
    // The authority answers in person: it may be a server, which the client certificates that we issue may not.
    const options = { key: ca.keyPem, cert: ca.certPem, ca: ca.certPem, requestCert: true, rejectUnauthorized: true };
    const server = https.createServer(options, (request, answer) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push(`${request.url} ${body}`);
        const members = [
          { ID: '11', name: 'm-0', peerURLs: [] },
          { ID: '12', name: 'm-1', peerURLs: [] },
        ];
        answer.writeHead(request.url?.endsWith('remove') ? status : 200);
        answer.end(JSON.stringify(status === 200 ? { members } : { message: 're-configuration failed' }));
      });
    });
    if (status !== 200) {
      server.removeAllListeners('request');
      server.on('request', (_request, answer: { writeHead(code: number): void; end(text: string): void }) => {
        answer.writeHead(status);
        answer.end('{"message":"re-configuration failed"}');
      });
    }
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, seen };
  }

  const keys = generateClusterKeys({ cluster: 'blue', nowMs: Date.now(), algorithm: 'ecdsa-p256' });

  test('asks the first master that answers and removes the member by its id', async () => {
    const { etcdCa } = await keys;
    const { port, seen } = await etcd(etcdCa);
    const members = new EtcdMembers({ clock, port, timeoutMs: 30_000 });
    const target = { ca: etcdCa, hosts: ['127.0.0.2', '127.0.0.1'] };
    expect(await members.remove(target, { name: 'm-0', addresses: [] }, signal)).toBe('removed');
    expect(seen).toEqual(['/v3/cluster/member/list {}', '/v3/cluster/member/remove {"ID":"11"}']);
    expect(await members.remove(target, { name: 'm-7', addresses: [] }, signal)).toBe('absent');
  });

  test('a server of another authority is not believed', async () => {
    const { ca, etcdCa } = await keys;
    const { port, seen } = await etcd(ca);
    const members = new EtcdMembers({ clock, port, timeoutMs: 30_000 });
    const removal = members.remove({ ca: etcdCa, hosts: ['127.0.0.1'] }, { name: 'm-0', addresses: [] }, signal);
    await expect(removal).rejects.toMatchObject({ code: 'ETCD_UNREACHABLE' });
    expect(seen).toEqual([]);
  });

  test('a refusal is passed on in words', async () => {
    const { etcdCa } = await keys;
    const { port } = await etcd(etcdCa, 412);
    const members = new EtcdMembers({ clock, port, timeoutMs: 30_000 });
    const removal = members.remove({ ca: etcdCa, hosts: ['127.0.0.1'] }, { name: 'm-0', addresses: [] }, signal);
    await expect(removal).rejects.toMatchObject({
      code: 'ETCD_REFUSED',
      message: expect.stringContaining('re-configuration failed'),
    });
  });
});
