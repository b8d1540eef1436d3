import { describe, expect, test } from '@jest/globals';
import { services } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { silentLogger } from '@longshore/reconciler-core';
import { aService } from './testing/a-service.ts';
import { FakeLoadBalancers } from './testing/fake-load-balancers.ts';
import type { CommandContext } from './commands/command.ts';
import type { CloudProvider } from './provider.ts';
import { orphansCommand } from './wiring-orphans.ts';

function scene(provider?: CloudProvider): {
  context: CommandContext;
  cloud: FakeLoadBalancers;
  client: FakeKubeClient;
  written: string[];
} {
  const cloud = new FakeLoadBalancers();
  const client = new FakeKubeClient();
  const written: string[] = [];
  const context: CommandContext = {
    provider: provider ?? { name: 'acme', loadBalancers: cloud },
    client,
    clock: new FakeClock(),
    log: silentLogger,
    clusterName: 'c',
    output: 'text',
    signal: new AbortController().signal,
    write: (text) => void written.push(text),
  };
  return { context, cloud, client, written };
}

const { signal } = new AbortController();

describe('orphans', () => {
  test('I19 lists balancers whose Service does not exist; exit code 2', async () => {
    const { context, cloud, client, written } = scene();
    await cloud.ensure(aService({ uid: 'gone', name: 'old' }), [], signal);
    await cloud.ensure(client.put(services, aService()), [], signal);
    expect(await orphansCommand.run(context, [])).toBe(2);
    expect(written.join('')).toBe(
      '1 load balancer of this cluster belongs to no Service:\n  shop/old (gone): no Service has the UID gone\n',
    );
    expect(await orphansCommand.run({ ...context, output: 'json' }, [])).toBe(2);
    expect(JSON.parse(written.at(-1) ?? '')).toEqual({ orphans: [expect.objectContaining({ id: 'gone' })] });
  });

  test('none: exit code 0', async () => {
    const { context, cloud, client, written } = scene();
    await cloud.ensure(client.put(services, aService()), [], signal);
    expect(await orphansCommand.run(context, [])).toBe(0);
    expect(written).toEqual(['No orphaned load balancers: 1 Service may own load balancers (shop/web).\n']);
  });

  test('a provider that cannot tell', async () => {
    await expect(orphansCommand.run(scene({ name: 'acme' }).context, [])).rejects.toThrow('acme cannot tell');
  });

  test('takes no words', async () => {
    await expect(orphansCommand.run(scene().context, ['x'])).rejects.toThrow('orphans: unexpected argument "x"');
  });
});
