// The server over real sockets: whose socket it takes, how handlers that fail or hang are answered, how it ends, what it logs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLogger, PrometheusMetrics } from '@longshore/k8s-runtime/process';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { IdentityService, NodeService } from '../gen/csi.ts';
import type { IdentityServer, NodeServer } from '../gen/csi.ts';
import { codeOf, csiClient, outcomeOf } from '../test-support/csi-client.ts';
import type { CsiClient } from '../test-support/csi-client.ts';
import { listens } from '../test-support/listens.ts';
import { failedPrecondition } from './csi-error.ts';
import { GrpcServer } from './grpc-server.ts';
import { observeCalls } from './observe-calls.ts';
import { unaryService } from './unary.ts';
import type { Handlers } from './unary.ts';

// A busy machine stands still for seconds.
jest.setTimeout(120_000);

let folder: string;
let socket: string;
let client: CsiClient;
let running: GrpcServer[];
let metrics: PrometheusMetrics;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csi-server-'));
  socket = join(folder, 'csi.sock');
  client = csiClient(`unix:${socket}`);
  running = [];
  metrics = new PrometheusMetrics();
  lines = [];
});
afterEach(async () => {
  client.close();
  await Promise.all(running.map((server) => server.stop(0)));
  await rm(folder, { recursive: true });
});

interface Parts {
  readonly identity?: Partial<Handlers<IdentityServer>>;
  readonly node?: Partial<Handlers<NodeServer>>;
}

async function serve({ identity = {}, node = {} }: Parts = {}): Promise<GrpcServer> {
  const log = createLogger({ format: 'json', verbosity: 4, stream: { write: (text: string) => lines.push(text) } });
  const options = { clock: systemClock, log, redact: (text: string) => text.replaceAll('S3CRET', '<redacted>') };
  const server = new GrpcServer({
    endpoint: { kind: 'unix', path: socket },
    services: [
      { definition: IdentityService, implementation: unaryService<IdentityServer>(identity, options) },
      { definition: NodeService, implementation: unaryService<NodeServer>(node, options) },
    ],
    interceptors: [observeCalls({ driverName: 'net.packet.csi', clock: systemClock, log, metrics })],
    clock: systemClock,
    log: silentLogger,
  });
  await server.listen();
  running.push(server);
  return server;
}
const ready: Partial<Handlers<IdentityServer>> = { probe: async () => ({ ready: true }) };

describe('the socket', () => {
  test('CP row 142 one that a dead process left is replaced, folders are made, others may not connect', async () => {
    const code = `require('net').createServer().listen(process.argv[1], () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', code, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    expect((await stat(socket)).isSocket()).toBe(true);
    expect(await listens(socket)).toBe(false);
    await serve({ identity: ready });
    expect(await client.identity.probe({})).toEqual({ ready: true });
    expect((await stat(socket)).mode & 0o777).toBe(0o660);
  });

  test('CP row 143 one that another process listens on is left alone', async () => {
    const other = createServer((connection) => connection.on('error', () => {}).resume());
    await new Promise<void>((resolve) => other.listen(socket, resolve));
    await expect(serve()).rejects.toMatchObject({
      code: 'CSI_SOCKET_IN_USE',
      message: expect.stringContaining(socket),
    });
    expect(await listens(socket)).toBe(true);
    await new Promise((resolve) => other.close(resolve));
  });

  test('CP row 144 a file that is no socket is left alone', async () => {
    await writeFile(socket, 'precious');
    await expect(serve()).rejects.toMatchObject({ code: 'CSI_SOCKET_PATH_TAKEN' });
    expect(await readFile(socket, 'utf8')).toBe('precious');
  });

  test('a folder that cannot be used is said', async () => {
    await writeFile(join(folder, 'file'), '');
    socket = join(folder, 'file', 'csi.sock');
    await expect(serve()).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

describe('handlers', () => {
  test('CP row 147 one that throws is answered 13, and the next call works', async () => {
    let calls = 0;
    await serve({
      identity: {
        probe: async () => {
          calls += 1;
          if (calls === 1) throw new TypeError('the token S3CRET is undefined');
          return { ready: true };
        },
      },
    });
    expect(await outcomeOf(client.identity.probe({}))).toEqual({
      code: 13,
      details: 'the token <redacted> is undefined',
    });
    expect(await client.identity.probe({})).toEqual({ ready: true });
    expect(lines.filter((line) => line.includes('a handler failed'))).toHaveLength(1);
  });

  test('a refusal has its code and words; a method without a handler is 12', async () => {
    await serve({ identity: { probe: async () => Promise.reject(failedPrecondition('iscsiadm is missing')) } });
    expect(await outcomeOf(client.identity.probe({}))).toEqual({ code: 9, details: 'iscsiadm is missing' });
    expect(await codeOf(client.identity.getPluginInfo({}))).toBe(12);
  });

  test('one that is deaf is answered 10 before the caller gives up with 4', async () => {
    await serve({ identity: { probe: () => new Promise(() => {}) } });
    const { code, details } = await outcomeOf(client.identity.probe({}, { timeoutMs: 3_000 }));
    expect(code).toBe(10);
    expect(details).toContain('before the deadline');
  });

  test('the signal tells a handler that its caller has gone', async () => {
    const gone = Promise.withResolvers<unknown>();
    const arrived = Promise.withResolvers<void>();
    await serve({
      identity: {
        probe: (_, { signal }) => {
          signal.addEventListener('abort', () => gone.resolve(signal.reason));
          arrived.resolve();
          return new Promise(() => {});
        },
      },
    });
    const impatient = csiClient(`unix:${socket}`);
    const call = impatient.identity.probe({}, { timeoutMs: 60_000 }).catch(() => undefined);
    await arrived.promise;
    impatient.close();
    client.close();
    running.forEach((server) => void server.stop(0));
    expect(await gone.promise).toMatchObject({ code: 'ABORTED' });
    await call;
  });
});

describe('the end', () => {
  test('CP row 145 a running call finishes, new ones are refused, the socket is gone', async () => {
    const finish = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const server = await serve({
      identity: {
        probe: async () => {
          arrived.resolve();
          await finish.promise;
          return { ready: true };
        },
      },
    });
    const call = client.identity.probe({});
    await arrived.promise;
    const stopped = server.stop(30_000);
    finish.resolve();
    expect(await call).toEqual({ ready: true });
    await stopped;
    await expect(stat(socket)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a call that does not finish in time is cut', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await serve({
      identity: {
        probe: () => {
          arrived.resolve();
          return new Promise(() => {});
        },
      },
    });
    const call = codeOf(client.identity.probe({}));
    await arrived.promise;
    await server.stop(50);
    expect([1, 14]).toContain(await call);
  });
});

describe('observing', () => {
  test('CP row 146 the log has the method and the volume and no secret', async () => {
    await serve({ node: { nodeStageVolume: async () => ({}) } });
    await client.node.nodeStageVolume({ volumeId: 'vol-1', secrets: { key: 'TOPSECRET' } });
    const text = lines.join('');
    expect(text).toContain('/csi.v1.Node/NodeStageVolume');
    expect(text).toContain('vol-1');
    expect(text).toContain('***stripped***');
    expect(text).not.toContain('TOPSECRET');
  });

  test('the metrics are those of CSI’s own libraries', async () => {
    await serve({ identity: ready });
    await client.identity.probe({});
    await codeOf(client.identity.getPluginInfo({}));
    const page = await metrics.page();
    expect(page).toContain(
      'csi_plugin_operations_seconds_count{driver_name="net.packet.csi",method_name="/csi.v1.Identity/Probe",grpc_status_code="OK"} 1',
    );
    expect(page).toContain('method_name="/csi.v1.Identity/GetPluginInfo",grpc_status_code="UNIMPLEMENTED"} 1');
  });
});
