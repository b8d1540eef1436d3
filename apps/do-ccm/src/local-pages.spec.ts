// DEBUG_ADDR and METRICS_ADDR over real HTTP.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PrometheusMetrics } from '@longshore/k8s-runtime/process';
import type { PageServer } from '@longshore/k8s-runtime/process';
import { silentLogger } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { startLocalPages } from './local-pages.ts';

const anyPort = { host: '127.0.0.1', port: 0 };
let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

async function start(
  config: { debugAddress?: typeof anyPort; metricsAddress?: typeof anyPort },
  ask: (signal: AbortSignal) => Promise<unknown> = async () => undefined,
  clock = new FakeClock(),
): Promise<readonly PageServer[]> {
  const metrics = new PrometheusMetrics();
  metrics.counter({ name: 'apples_total', help: 'Apples.' }).inc();
  const { debugAddress, metricsAddress } = config;
  return startLocalPages(
    { config: { debugAddress, metricsAddress }, ask, metrics, clock, log: silentLogger },
    stop.signal,
  );
}

async function read(server: PageServer | undefined, path: string): Promise<{ status: number; body: string }> {
  const { host, port } = server?.address ?? { host: '', port: 0 };
  const answer = await fetch(`http://${host}:${port}${path}`);
  return { status: answer.status, body: await answer.text() };
}

describe('startLocalPages', () => {
  test('nothing listens unless it is asked for', async () => expect(await start({})).toEqual([]));

  test('DO row 114 the cloud answers', async () => {
    const [server] = await start({ debugAddress: anyPort });
    expect(await read(server, '/healthz')).toEqual({ status: 200, body: '' });
    expect((await read(server, '/metrics')).status).toBe(404);
  });

  test('DO row 114 the cloud answers with an error', async () => {
    const [server] = await start({ debugAddress: anyPort }, () => Promise.reject(new Error('500 server error')));
    expect(await read(server, '/healthz')).toEqual({ status: 500, body: 'health check failed: 500 server error\n' });
  });

  test('DO row 114 the cloud does not answer within 15 s', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    const never = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        asked.resolve();
      });
    const [server] = await start({ debugAddress: anyPort }, never, clock);
    const answer = read(server, '/healthz');
    await asked.promise;
    await clock.advance(15_000);
    expect(await answer).toEqual({ status: 500, body: 'health check failed: no answer in 15 s\n' });
  });

  test('metrics', async () => {
    const [server] = await start({ metricsAddress: anyPort });
    const { status, body } = await read(server, '/metrics');
    expect(status).toBe(200);
    expect(body).toContain('apples_total 1');
    expect((await read(server, '/healthz')).status).toBe(404);
  });

  test('a port that cannot be had names the variable', async () => {
    const [server] = await start({ metricsAddress: anyPort });
    const taken = { host: '127.0.0.1', port: server?.address?.port ?? 0 };
    await expect(start({ debugAddress: taken })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining('DEBUG_ADDR') as unknown,
    });
  });
});
