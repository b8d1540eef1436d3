// The manager of capi-packet-manager and the simulated Packet that it orders devices from.
import path from 'node:path';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { Subject } from './subject.ts';

/** The program that makes machines. */
export const managerSubject: Subject = {
  app: 'capi-packet-manager',
  provider: 'packet',
  command: ({ app, kubeconfig }) => [
    path.join(app, 'dist/manager.js'),
    `--kubeconfig=${kubeconfig}`,
    `--config=${path.join(app, 'config/default/machine_configs.yaml')}`,
    '--leader-elect=false',
    '--metrics-addr=0',
    '--health-addr=0',
  ],
  async simulate({ latencyMs }) {
    const cloud = await simulatePacket({ latencyMs });
    const machineOf = ({ id, hostname }: { readonly id: string; readonly hostname: string }) => ({
      name: hostname,
      providerId: `packet://${id}`,
    });
    return {
      url: cloud.url,
      env: { PACKET_API_URL: cloud.url, PACKET_API_KEY: cloud.token, PACKET_PROJECT_ID: cloud.projectId },
      calls: cloud.calls,
      callsByRoute: () => cloud.callsByRoute(),
      machines: () => [...cloud.state.devices.values()].map(machineOf),
      addMachine: () => machineOf(cloud.addDevice({})),
      machineListRoute: 'GET /projects/{id}/devices',
      close: () => cloud.close(),
    };
  },
};
