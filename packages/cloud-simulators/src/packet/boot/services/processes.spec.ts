// The stand-ins that run: static pods as processes, and the socket of the container runtime.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '@longshore/reconciler-core/testing';
import { serveRuntime } from './runtime-socket.ts';
import { StaticPods } from './static-pods.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-services-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('static pods', () => {
  test('run while their manifest is there, and are started again when it changes or they end', async () => {
    const lines: string[] = [];
    const pods = new StaticPods({
      images: { shell: { '*': '/bin/sh' } },
      log: (line) => lines.push(line),
      logFolder: join(folder, 'logs'),
    });
    const manifests = join(folder, 'manifests');
    const output = (): string => readFileSync(join(folder, 'logs', 'c.log'), 'utf8');
    const manifest = (script: string): string =>
      `metadata: {name: a}\nspec: {containers: [{name: c, image: shell, command: [sh, -c, '${script}']}]}\n`;
    try {
      await pods.sync(manifests);
      expect(pods.running).toEqual([]);
      rmSync(manifests, { recursive: true, force: true });
      const file = join(folder, 'a.yaml');
      writeFileSync(file, manifest('echo one; exec sleep 1000'));
      writeFileSync(join(folder, 'b.yaml'), 'metadata: {name: b}\nspec: {containers: [{name: c, image: other}]}\n');
      await pods.sync(folder);
      await until('the first one runs', () => output() === 'one\n');
      writeFileSync(file, manifest('echo two'));
      await pods.sync(folder);
      // It ends at once: the second time it was started again.
      await until('the second one has run twice', () => output().startsWith('one\ntwo\ntwo\n'));
      rmSync(file);
      await pods.sync(folder);
      expect(pods.running).toEqual([]);
      expect(lines.filter((line) => line.includes('b.yaml'))).toEqual([
        'static pod b.yaml: image other is not run on simulated machines',
      ]);
    } finally {
      await pods.stopAll();
    }
  }, 150_000);
});

describe('the socket of the container runtime', () => {
  const ask = (path: string, method: string): Promise<{ readonly status: string; readonly body: Buffer }> =>
    new Promise((resolve, reject) => {
      const session = connect('http://runtime', { createConnection: () => connectSocket(path) });
      session.on('error', reject);
      const stream = session.request({ ':method': 'POST', ':path': method, 'content-type': 'application/grpc' });
      stream.on('error', reject);
      let status = '';
      const chunks: Buffer[] = [];
      stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? status)));
      stream.on('trailers', (headers) => (status = String(headers['grpc-status'])));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        session.close();
        resolve({ status, body: Buffer.concat(chunks) });
      });
      stream.end(Buffer.alloc(5));
    });

  test('answers what kubeadm asks, and says what it does not know', async () => {
    const path = join(folder, 'runtime', 'a.sock');
    const runtime = await serveRuntime(path);
    try {
      const version = await ask(path, '/runtime.v1.RuntimeService/Version');
      expect(version.status).toBe('0');
      expect(version.body.readUInt32BE(1)).toBe(version.body.length - 5);
      expect(version.body.toString('latin1')).toContain('containerd');
      expect((await ask(path, '/runtime.v1.RuntimeService/RunPodSandbox')).status).toBe('12');
    } finally {
      await runtime.close();
    }
    await expect(ask(path, '/runtime.v1.RuntimeService/Version')).rejects.toThrow(/ENOENT/);
  });
});
