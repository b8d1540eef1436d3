// packet-ccm and the simulated Packet. It has no balancers yet.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { Machine, Subject } from './subject.ts';

/** The program for Packet. */
export const packetSubject: Subject = {
  app: 'packet-ccm',
  provider: 'packet',
  async simulate({ latencyMs, machines }) {
    const cloud = await simulatePacket({ latencyMs, devices: machines });
    return {
      url: cloud.url,
      env: { METAL_API_URL: cloud.url, METAL_API_KEY: cloud.token, METAL_PROJECT_ID: cloud.projectId },
      calls: cloud.calls,
      callsByRoute: () => cloud.callsByRoute(),
      machines: () => [...cloud.state.devices.values()].map(machineOf),
      addMachine: () => machineOf(cloud.addDevice({})),
      machineListRoute: 'GET /projects/{id}/devices',
      close: () => cloud.close(),
    };
  },
};

function machineOf({ id, hostname }: { readonly id: string; readonly hostname: string }): Machine {
  return { name: hostname, providerId: `packet://${id}` };
}
