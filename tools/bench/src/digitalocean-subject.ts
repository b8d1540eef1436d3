// do-ccm and the simulated DigitalOcean.
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { readyMoments } from './ready-moments.ts';
import type { BenchBalancers, BenchCloud, CloudOptions, Machine, Subject } from './subject.ts';

const CREATE = 'POST /v2/load_balancers';

/** The first program, and the default of every benchmark. */
export const digitalOceanSubject: Subject = {
  app: 'do-ccm',
  provider: 'digitalocean',
  async simulate({ latencyMs, machines, timeToActiveMs }) {
    const cloud = await simulateDigitalOcean({ latencyMs, droplets: machines, timeToActiveMs, quota: 'off' });
    return asBenchCloud(cloud, { latencyMs, machines, timeToActiveMs });
  },
};

function asBenchCloud(cloud: DigitalOceanSimulator, { timeToActiveMs }: CloudOptions): BenchCloud {
  const { state, calls, url } = cloud;
  return {
    url,
    env: { DO_ACCESS_TOKEN: cloud.token, DO_OVERRIDE_URL: url, REGION: 'fra1', DO_CLUSTER_ID: 'bench' },
    calls,
    callsByRoute: () => cloud.callsByRoute(),
    machines: () => [...state.droplets.values()].map(machineOf),
    addMachine: () => machineOf(cloud.addDroplet({})),
    machineListRoute: 'GET /v2/droplets',
    balancers: balancersOf(cloud, timeToActiveMs),
    close: () => cloud.close(),
  };
}

const nameOf = (uid: string): string => `a${uid.replaceAll('-', '')}`.slice(0, 32);

function balancersOf({ state, calls }: DigitalOceanSimulator, timeToActiveMs: number): BenchBalancers {
  return {
    listRoute: 'GET /v2/load_balancers',
    count: () => state.loadBalancers.size,
    areAllSendingTo: ({ providerId }) =>
      [...state.loadBalancers.values()].every(({ droplet_ids }) => droplet_ids.some((id) => idOf(id) === providerId)),
    readyAtMs: (uids) => readyMoments(uids, { calls, route: CREATE, timeToActiveMs, nameOf }),
  };
}

function idOf(id: number): string {
  return `digitalocean://${id}`;
}

function machineOf({ id, name }: { readonly id: number; readonly name: string }): Machine {
  return { name, providerId: idOf(id) };
}
