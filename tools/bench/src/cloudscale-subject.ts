// cloudscale-ccm and the simulated cloudscale.ch.
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import { readyMoments } from './ready-moments.ts';
import type { BenchBalancers, Machine, Subject } from './subject.ts';

const CREATE = 'POST /v1/load-balancers';

/** The program for cloudscale.ch. */
export const cloudscaleSubject: Subject = {
  app: 'cloudscale-ccm',
  provider: 'cloudscale',
  flags: ['--allow-untagged-cloud'],
  async simulate({ latencyMs, machines, timeToActiveMs }) {
    const cloud = await simulateCloudscale({ latencyMs, servers: machines, timeToRunningMs: timeToActiveMs });
    return {
      url: cloud.url,
      env: { CLOUDSCALE_API_URL: cloud.url, CLOUDSCALE_ACCESS_TOKEN: cloud.token },
      calls: cloud.calls,
      callsByRoute: () => cloud.callsByRoute(),
      machines: () => [...cloud.state.servers.values()].map(machineOf),
      addMachine: () => machineOf(cloud.addServer()),
      machineListRoute: 'GET /v1/servers',
      balancers: balancersOf(cloud, timeToActiveMs),
      close: () => cloud.close(),
    };
  },
};

const nameOf = (uid: string): string => `k8s-service-${uid}`;

function balancersOf({ state, calls }: CloudscaleSimulator, timeToActiveMs: number): BenchBalancers {
  return {
    listRoute: 'GET /v1/load-balancers',
    count: () => state.loadBalancers.size,
    areAllSendingTo({ providerId }) {
      const server = state.servers.get(providerId.slice('cloudscale://'.length));
      const own = new Set(server?.interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
      const members = [...state.members.values()].filter(({ address }) => own.has(address));
      return new Set(members.map(({ pool }) => pool.uuid)).size === state.pools.size;
    },
    readyAtMs: (uids) => readyMoments(uids, { calls, route: CREATE, timeToActiveMs, nameOf }),
  };
}

function machineOf({ uuid, name }: { readonly uuid: string; readonly name: string }): Machine {
  return { name, providerId: `cloudscale://${uuid}` };
}
