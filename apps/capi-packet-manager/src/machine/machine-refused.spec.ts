// What Packet refuses and no preflight looked at, because the Machine was applied by hand: it says so once, makes nothing, and goes without a
// trace. machine-creation.spec.ts has capacity and keys (M16 to M22), which may come back by themselves.
import { afterEach, expect, jest, test } from '@jest/globals';
import { machines } from '../api/resources.ts';
import { parseMachineConfigs } from '../bootstrap/machine-configs.ts';
import { aWorker, CONFIGS } from './test-support/builders.ts';
import { MachineWorld } from './test-support/machine-world.ts';

jest.setTimeout(60_000);

let world: MachineWorld;
afterEach(async () => world?.close());

test.each([
  { when: 'an unknown plan', value: { machineType: 'c9.huge' }, says: /plan/ },
  { when: 'an unknown OS image', value: { OS: 'plan9' }, says: /operating.system|plan9/i },
  { when: 'an unknown facility', value: { facility: ['xyz9'] }, says: /facility|xyz9/i },
  { when: 'the quota of devices is reached', options: { deviceQuota: 0 }, value: {}, says: /devices/ },
])('$when: one condition, one event, nothing is made or left behind', async ({ options = {}, value, says }) => {
  world = await MachineWorld.start(options);
  const configs = CONFIGS.replaceAll('ubuntu_22_04', 'OS' in value ? value.OS : 'ubuntu_22_04');
  world.setups = parseMachineConfigs(configs, 'test').setups;
  world.kube.put(machines, aWorker(world, { value }));
  await world.until('it is refused', () => world.reasons('Warning').length > 0);
  await world.pass(15 * 60_000, 15_000);
  const ready = (world.machine('w-0')?.status?.conditions ?? []).filter(({ type }) => type === 'Ready');
  expect(ready).toEqual([expect.objectContaining({ status: 'False', message: expect.stringMatching(says) })]);
  expect(world.events.filter(({ type }) => type === 'Warning')).toEqual([
    expect.objectContaining({ about: 'w-0', message: expect.stringMatching(says) }),
  ]);
  expect(world.cloud.state.deviceHistory).toEqual([]);
  world.kube.delete(machines, { namespace: 'default', name: 'w-0' });
  await world.until('it is gone', () => world.machine('w-0') === undefined);
  expect(world.cloud.state.deviceHistory).toEqual([]);
});
