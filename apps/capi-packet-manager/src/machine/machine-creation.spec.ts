// Part F.2 on the whole controller: what is asked of Packet, and when nothing is.
import { afterEach, describe, expect, test } from '@jest/globals';
import { annotations } from '../api/names.ts';
import { machines } from '../api/resources.ts';
import { aMaster, aWorker } from './test-support/builders.ts';
import { MachineWorld } from './test-support/machine-world.ts';
import type { MachineWorldOptions } from './test-support/machine-world.ts';

let world: MachineWorld;

const begin = async (options: MachineWorldOptions = {}): Promise<void> => {
  world = await MachineWorld.start(options);
};

afterEach(async () => world?.close());

test('CA row M1 a control plane Machine: exactly one POST with everything in it', async () => {
  await begin();
  const sshKeys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJq2Kq4bB2KVZy8Xo0dKfYz0Yc0m0tqYfA2xk3m5dV1z me@desk'];
  world.kube.put(machines, aMaster(world, { value: { tags: ['mine'], sshKeys } }));
  await world.until('it runs', () => world.machine('m-0')?.status?.phase === 'Running');
  expect(world.posts).toBe(1);
  const order = world.lastOrder();
  expect(order).toMatchObject({
    hostname: 'm-0',
    plan: 'c3.small.x86',
    facility: ['ewr1'],
    operating_system: 'ubuntu_22_04',
    billing_cycle: 'hourly',
  });
  const attempt = world.machine('m-0')?.metadata?.annotations?.[annotations.machineUid];
  expect(order['tags']).toEqual(
    expect.arrayContaining([
      `cluster-api-provider-packet:machine-uid:${attempt}`,
      'cluster-api-provider-packet:cluster-id:blue',
      'kubernetes.io/role:master',
      'mine',
    ]),
  );
  expect(order['project_ssh_keys']).toHaveLength(1);
  expect(order['userdata']).toContain('kind: InitConfiguration');
  expect(world.cloud.schemaProblems).toEqual([]);
});
