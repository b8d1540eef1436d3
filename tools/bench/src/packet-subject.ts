// packet-ccm and the simulated Packet. A balancer is an elastic IP; a machine is behind all of them when its Node announces addresses, that is
// when its device has a BGP session.
import { createHash } from 'node:crypto';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { BenchBalancers, Machine, Subject } from './subject.ts';

const RESERVE = 'POST /projects/{id}/ips';
const OURS = 'usage=cloud-provider-equinix-metal-auto';
const SCHEME = 'packet://';

/** The program for Packet. */
export const packetSubject: Subject = {
  app: 'packet-ccm',
  provider: 'packet',
  async simulate({ latencyMs, machines }) {
    // The limit of prefixes would refuse the eleventh Service, as it should.
    const cloud = await simulatePacket({ latencyMs, devices: machines, facility: 'da11', maxPrefix: 100_000 });
    return {
      url: cloud.url,
      env: {
        METAL_API_URL: cloud.url,
        METAL_API_KEY: cloud.token,
        METAL_PROJECT_ID: cloud.projectId,
        METAL_LOAD_BALANCER: 'empty://',
        METAL_METRO_NAME: 'da',
      },
      calls: cloud.calls,
      callsByRoute: () => cloud.callsByRoute(),
      machines: () => [...cloud.state.devices.values()].map(machineOf),
      addMachine: () => machineOf(cloud.addDevice({})),
      machineListRoute: 'GET /projects/{id}/devices',
      balancers: balancersOf(cloud),
      close: () => cloud.close(),
    };
  },
};

function balancersOf({ state, calls }: PacketSimulator): BenchBalancers {
  return {
    listRoute: 'GET /projects/{id}/ips',
    count: () => [...state.reservations.values()].filter(({ tags }) => tags?.includes(OURS)).length,
    areAllSendingTo: ({ providerId }) =>
      [...state.bgpSessions.values()].some(({ device }) => device.href.endsWith(providerId.slice(SCHEME.length))),
    readyAtMs(uids, nameOf) {
      const madeAt = new Map<string, number>();
      for (const { body, atMs } of calls.of(RESERVE)) {
        for (const tag of (body as { readonly tags?: readonly string[] }).tags ?? []) madeAt.set(tag, atMs);
      }
      return new Map([...uids].map((uid) => [uid, madeAt.get(serviceTag(nameOf(uid))) ?? 0]));
    },
  };
}

function serviceTag(name: string): string {
  return `service=${createHash('sha256').update(name).digest('base64')}`;
}

function machineOf({ id, hostname }: { readonly id: string; readonly hostname: string }): Machine {
  return { name: hostname, providerId: `${SCHEME}${id}` };
}
