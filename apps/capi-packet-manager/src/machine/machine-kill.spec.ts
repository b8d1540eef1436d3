// The manager dies at every call of a Machine's life, before the call or between the call and its answer, and a new process goes on: never
// two servers, and none that stays.
import { expect, test } from '@jest/globals';
import { machines } from '../api/resources.ts';
import { aMaster, aWorker } from './test-support/builders.ts';
import { Fuse } from './test-support/fuse.ts';
import { MachineWorld } from './test-support/machine-world.ts';

const KEY = { namespace: 'default' };

interface Life {
  readonly calls: readonly string[];
  readonly devicesEver: number;
  readonly mostAtOnce: number;
  readonly left: number;
}

/** A Machine comes, runs and goes; the process dies where the fuse says so, and another one takes over. */
async function live(name: 'm-0' | 'w-0', fuse: Fuse): Promise<Life> {
  const world = await MachineWorld.make({ listLagMs: 20_000 });
  let mostAtOnce = 0;
  const watch = async (): Promise<void> => {
    mostAtOnce = Math.max(mostAtOnce, world.living.length);
    if (!fuse.isBlown || isReplaced) return;
    isReplaced = true;
    await world.kill();
    world.startProcess();
  };
  let isReplaced = false;
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    for (let seconds = 0; !isSo(); seconds += 1) {
      if (seconds > 900) throw new Error(`never ${what}: ${world.describe()}`);
      await world.pass(1_000);
      await watch();
    }
  };
  try {
    world.kube.put(machines, name === 'm-0' ? aMaster(world) : aWorker(world));
    world.startProcess(fuse);
    await until(
      'runs',
      () => world.machine(name)?.status?.phase === 'Running' && (world.living[0]?.userdata ?? '') === '',
    );
    world.kube.delete(machines, { ...KEY, name });
    await until('goes', () => world.machine(name) === undefined);
    await world.pass(5_000);
    await watch();
    const devicesEver = world.cloud.state.deviceHistory.length;
    return { calls: fuse.calls, devicesEver, mostAtOnce, left: world.living.length };
  } finally {
    await world.close();
  }
}

test.each(['w-0', 'm-0'] as const)(
  'CA row M6 CA row M7 CA row R11 %s: killed at every call of its life, there is one server and then none',
  async (name) => {
    const whole = await live(name, new Fuse());
    expect(whole).toMatchObject({ devicesEver: 1, mostAtOnce: 1, left: 0 });
    expect(whole.calls).toEqual(expect.arrayContaining(['packet POST', 'packet DELETE', 'packet PUT', 'kube patch']));
    for (let at = 1; at <= whole.calls.length; at += 1) {
      for (const isDone of [false, true]) {
        const { devicesEver, mostAtOnce, left } = await live(name, new Fuse({ at, isDone }));
        expect({ at, isDone, devicesEver, mostAtOnce, left }).toEqual({
          at,
          isDone,
          devicesEver: 1,
          mostAtOnce: 1,
          left: 0,
        });
      }
    }
  },
  600_000,
);
