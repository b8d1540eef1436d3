// Worlds of the tests of one file, stopped after each of them.
import { afterEach } from '@jest/globals';
import type { MachineDeployment } from '../../api/objects.ts';
import { aDeployment, SetWorld } from './set-world.ts';
import type { SetObjects } from './set-world.ts';

type DeploymentSpec = NonNullable<MachineDeployment['spec']>;

/** Makes worlds whose controllers run. */
export interface StartedWorlds {
  /** One that a test makes otherwise belongs in here too. */
  readonly worlds: SetWorld[];
  readonly started: (...objects: SetObjects) => Promise<SetWorld>;
  /** A deployment whose machines are all ready. */
  readonly rolledOut: (
    spec?: Partial<DeploymentSpec>,
    rollingUpdate?: NonNullable<NonNullable<DeploymentSpec['strategy']>['rollingUpdate']>,
  ) => Promise<SetWorld>;
}

/** For one spec file. */
export function startedWorlds(): StartedWorlds {
  const worlds: SetWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.stop();
  });
  const started = (...objects: SetObjects): Promise<SetWorld> => {
    const world = new SetWorld().put(...objects);
    worlds.push(world);
    return world.start();
  };
  return {
    worlds,
    started,
    rolledOut: async (spec = {}, rollingUpdate) => {
      const strategy = rollingUpdate ? { strategy: { type: 'RollingUpdate', rollingUpdate } } : {};
      const world = await started(aDeployment({ ...spec, ...strategy }));
      await world.play();
      return world;
    },
  };
}

/** How many machines each set wants, the oldest set first. */
export const replicasOf = (world: SetWorld): readonly (number | undefined)[] =>
  world.sets().map(({ spec }) => spec?.replicas);
