import { describe, expect, test } from '@jest/globals';
import { silentLogger, sleep } from '@longshore/reconciler-core';
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import type { FakeMetrics } from '@longshore/reconciler-core/testing';
import { HealthChecks, InformerSet, nodes } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import type { CloudController } from './instances/health-report.ts';
import type { CloudProvider, ProviderContext } from './provider.ts';
import { controllerNames } from './wiring-controllers.ts';
import { leadingWork } from './wiring-leading.ts';
import type { LeadingOptions } from './wiring-leading.ts';
import type { Work } from './wiring-work.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly client: FakeKubeClient;
  readonly metrics: FakeMetrics;
  readonly said: string[];
  readonly stop: AbortController;
  readonly run: (options?: Partial<LeadingOptions>) => Promise<void>;
}

function part(
  name: string,
  said: string[],
  end: (signal: AbortSignal) => Promise<void> = untilAborted,
): CloudController {
  return {
    name,
    check: () => ({ isHealthy: true, message: 'fine' }),
    async run(signal) {
      said.push(`${name} starts`);
      await end(signal).finally(() => said.push(`${name} ends`));
    },
  };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });

function workOf(...parts: readonly CloudController[]): readonly Work[] {
  return parts.map((one, index) => ({ about: controllerNames[index] ?? controllerNames[0]!, parts: [one] }));
}

function scene(): Scene {
  const clock = new FakeClock();
  const client = new FakeKubeClient();
  const metrics = fakeMetrics();
  const said: string[] = [];
  const stop = new AbortController();
  const informers = new InformerSet({ client, clock, log: silentLogger });
  informers.for(nodes);
  const provider: CloudProvider = { name: 'acme' };
  const options: LeadingOptions = {
    work: workOf(part('a', said), part('b', said)),
    provider,
    context: {} as never,
    informers,
    health: new HealthChecks({ clock, log: silentLogger, sliMetrics: metrics }),
    client,
    startIntervalMs: 0,
    clock,
    log: silentLogger,
    metrics,
    random: () => 0.5,
  };
  const run = async (more: Partial<LeadingOptions> = {}): Promise<void> => {
    const caches = informers.run(stop.signal);
    await leadingWork({ ...options, ...more }).run(stop.signal);
    stop.abort();
    await caches;
  };
  return { clock, client, metrics, said, stop, run };
}

describe('leadingWork', () => {
  test('the provider starts before any controller, and after the caches are warm', async () => {
    const { clock, said, stop, run } = scene();
    const provider: CloudProvider = {
      name: 'acme',
      start: async ({ signal }) => {
        said.push(`provider starts, aborted: ${String(signal.aborted)}`);
      },
    };
    const ended = run({ provider });
    await clock.settle();
    expect(said).toEqual(['provider starts, aborted: false', 'a starts', 'b starts']);
    stop.abort();
    await ended;
    expect(said.slice(3)).toEqual(['a ends', 'b ends']);
  });

  test('the provider reads ahead while the API server is waited for; that it fails is no failure', async () => {
    const { clock, client, said, stop, run } = scene();
    client.answers.set('GET /healthz', { status: 500, body: 'not yet' });
    const provider: CloudProvider = {
      name: 'acme',
      warmUp: ({ aborted }) => {
        said.push(`provider reads ahead, aborted: ${String(aborted)}`);
        return Promise.reject(new Error('the cloud is down'));
      },
      start: async () => void said.push('provider starts'),
    };
    const ended = run({ provider });
    await clock.settle();
    expect(said).toEqual(['provider reads ahead, aborted: false']);
    client.answers.set('GET /healthz', { status: 200, body: 'ok' });
    await clock.advance(1_000);
    expect(said.slice(1)).toEqual(['provider starts', 'a starts', 'b starts']);
    stop.abort();
    await ended;
  });

  test('loops of the provider run until the stop and are waited for; one that fails ends the program', async () => {
    const { clock, said, stop, run } = scene();
    const provider: CloudProvider = { name: 'acme', start: async ({ keepRunning }) => keepRunning(part('loop', said)) };
    const ended = run({ provider });
    await clock.settle();
    expect(said).toEqual(['loop starts', 'a starts', 'b starts']);
    stop.abort();
    await ended;
    expect(said.slice(3).sort()).toEqual(['a ends', 'b ends', 'loop ends']);
    const failing = part('loop', said, () => Promise.reject(new Error('token refused')));
    const second = scene();
    const start = async ({ keepRunning }: ProviderContext): Promise<void> => keepRunning(failing);
    await expect(second.run({ provider: { name: 'acme', start } })).rejects.toThrow('token refused');
  });

  test('a dry run says what the loops would do instead of running them, and repeats only what is new', async () => {
    const { clock, said, stop, run } = scene();
    const log = recordingLogger();
    let ports = 80;
    const provider: CloudProvider = {
      name: 'acme',
      start: async ({ keepRunning }) => keepRunning(part('loop', said)),
      otherPlans: () => {
        const steps = [{ kind: 'open', summary: `open port ${ports}`, why: 'it is closed' }];
        return Promise.resolve([{ subject: { kind: 'Firewall', name: 'f' }, controller: 'firewall', steps }]);
      },
    };
    const lister = { list: () => [] };
    const context = { isDryRun: true, nodes: lister, services: lister, clock, log } as never;
    const ended = run({ provider, context });
    await clock.advance(120_000);
    ports = 81;
    await clock.advance(60_000);
    expect(said).not.toContain('loop starts');
    expect(log.lines.map(({ message, fields }) => [message, fields['subject'], fields['summary']])).toEqual([
      ['would change it', 'Firewall f', 'open port 80'],
      ['would change it', 'Firewall f', 'open port 81'],
    ]);
    stop.abort();
    await ended;
  });

  test('running controllers show in the gauge', async () => {
    const { clock, metrics, stop, run } = scene();
    const ended = run();
    await clock.settle();
    const value = (): number | undefined =>
      metrics.value('running_managed_controllers', { name: 'cloud-node', manager: 'cloud-controller-manager' });
    expect(value()).toBe(1);
    stop.abort();
    await ended;
    expect(value()).toBe(0);
  });

  test('--controller-start-interval lies between two starts, lengthened by up to its own length', async () => {
    const { clock, said, stop, run } = scene();
    const ended = run({ startIntervalMs: 2_000 });
    await clock.advance(2_999);
    expect(said).toEqual(['a starts']);
    await clock.advance(1);
    expect(said).toEqual(['a starts', 'b starts']);
    stop.abort();
    await ended;
  });

  test('an API server that is not healthy yet is waited for', async () => {
    const { clock, client, said, stop, run } = scene();
    client.answers.set('GET /healthz', { status: 500, body: 'etcd failed' });
    const ended = run();
    await clock.advance(3_000);
    expect(said).toEqual([]);
    client.answers.set('GET /healthz', { status: 200, body: 'ok' });
    await clock.advance(1_000);
    expect(said).toEqual(['a starts', 'b starts']);
    stop.abort();
    await ended;
  });

  test('after 10 s of an unhealthy API server the program ends', async () => {
    const { clock, client, run } = scene();
    client.answers.set('GET /healthz', { status: 500, body: 'etcd failed' });
    const ended = expect(run()).rejects.toMatchObject({
      code: 'API_SERVER_UNHEALTHY',
      message: 'the API server https://fake.invalid:6443 is not healthy: /healthz answered 500',
    });
    await clock.advance(11_000);
    await ended;
  });

  test('a controller that fails ends the others and the program', async () => {
    const { clock, said, run } = scene();
    const failing = async (signal: AbortSignal): Promise<void> => {
      await sleep(clock, 1_000, signal);
      throw new Error('the token was refused');
    };
    const ended = expect(run({ work: workOf(part('a', said), part('b', said, failing)) })).rejects.toThrow(
      'the token was refused',
    );
    await clock.advance(1_000);
    await ended;
    expect(said).toEqual(['a starts', 'b starts', 'b ends', 'a ends']);
  });
});
