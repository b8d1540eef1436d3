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
import type { Clock } from '@longshore/reconciler-core';
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
  readonly clock?: Clock;
  readonly verbosity?: number;
}

async function serve(parts: Parts = {}): Promise<GrpcServer> {
  const { identity = {}, node = {}, clock = systemClock, verbosity = 4 } = parts;
  const log = createLogger({ format: 'json', verbosity, stream: { write: (text: string) => lines.push(text) } });
  const options = { clock, log, redact: (text: string) => text.replaceAll('S3CRET', '<redacted>') };
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

  test('an answer that is known costs no timer; one that is promised has one until it comes', async () => {
    let set = 0;
    let pending = 0;
    const after: Clock['after'] = (delayMs, callback) => {
      set += 1;
      pending += 1;
      const cancel = systemClock.after(delayMs, callback);
      return () => {
        pending -= 1;
        cancel();
      };
    };
    const identity: Parts['identity'] = {
      probe: () => ({ ready: true }),
      getPluginInfo: async () => ({ name: 'a', vendorVersion: 'b', manifest: {} }),
    };
    await serve({ identity, clock: { ...systemClock, after } });
    expect(await client.identity.probe({})).toEqual({ ready: true });
    expect({ set, pending }).toEqual({ set: 0, pending: 0 });
    await client.identity.getPluginInfo({});
    expect({ set, pending }).toEqual({ set: 1, pending: 0 });
  });

  test('one that throws at once is answered as one that rejects', async () => {
    const probe = (): never => {
      throw failedPrecondition('iscsiadm is missing');
    };
    await serve({ identity: { probe } });
    expect(await outcomeOf(client.identity.probe({}))).toEqual({ code: 9, details: 'iscsiadm is missing' });
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

  test('at info a Probe leaves no line unless it fails, and counts all the same', async () => {
    let isReady = true;
    const probe = (): { ready: boolean } => {
      if (!isReady) throw failedPrecondition('iscsiadm is missing');
      return { ready: true };
    };
    await serve({ identity: { probe }, node: { nodeStageVolume: async () => ({}) }, verbosity: 0 });
    await client.identity.probe({});
    expect(lines).toEqual([]);
    isReady = false;
    await codeOf(client.identity.probe({}));
    await client.node.nodeStageVolume({ volumeId: 'vol-1' });
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ msg: 'call failed', method: '/csi.v1.Identity/Probe', call: 2 }),
      expect.objectContaining({ msg: 'call done', method: '/csi.v1.Node/NodeStageVolume', call: 3, volume: 'vol-1' }),
    ]);
    const page = await metrics.page();
    expect(page).toContain('method_name="/csi.v1.Identity/Probe",grpc_status_code="OK"} 1');
    expect(page).toContain('method_name="/csi.v1.Identity/Probe",grpc_status_code="FAILED_PRECONDITION"} 1');
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
