// The Service of the control plane's outside address on a real API server: it takes what is applied, and nothing is written twice.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { connect, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeService } from '@longshore/k8s-runtime';
import { systemClock } from '@longshore/reconciler-core';
import { recordingLogger, waitFor } from '@longshore/reconciler-core/testing';
import { CONTROL_PLANE_SERVICE } from './control-plane-service.ts';
import { ExternalService } from './external-service-loop.ts';
import { endpointSlices, FIELD_MANAGER, oldEndpoints, SERVICE_NAME_LABEL } from './external-service.ts';
import type { EndpointSlice } from './external-service.ts';

const FIRST_BUILD_MS = 1_800_000;
const EIP = '192.0.2.10';
const KUBERNETES = { namespace: 'default', name: 'kubernetes' };
// This API server does not write its own endpoints.
const ofApiServer: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...KUBERNETES, labels: { [SERVICE_NAME_LABEL]: 'kubernetes' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
  ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
};
const signal = new AbortController().signal;
let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane({ onProgress: (message) => void process.stderr.write(`${message}\n`) });
  client = await connect({ kubeconfig: plane.kubeconfigPath, userAgent: 'test' });
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());

const made = (): Promise<KubeService | undefined> => client.get(services, CONTROL_PLANE_SERVICE, { signal });
const slicesIn = async (namespace: string): Promise<readonly EndpointSlice[]> =>
  (await client.list(endpointSlices, { namespace, signal })).items;
const addressesOf = (slices: readonly EndpointSlice[]): readonly string[] =>
  slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));

describe('on a real API server', () => {
  test('PK row 68 PK row 69 the Service is made with status and endpoints, old Endpoints go, and then it is left alone', async () => {
    await client.create(endpointSlices, ofApiServer, { signal });
    // As version 3.8.1 of the Go program leaves them.
    const left = {
      metadata: CONTROL_PLANE_SERVICE,
      subsets: [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ port: 6443 }] }],
    };
    await client.create(oldEndpoints, left, { fieldManager: FIELD_MANAGER, signal });
    const isThere = async (): Promise<boolean> => (await client.get(services, KUBERNETES, { signal })) !== undefined;
    await waitFor(isThere, { what: 'default/kubernetes' });
    const external = new ExternalService({
      way: () => Promise.resolve({ kind: 'elastic-ip', address: EIP }),
      client,
      apiServerPort: 443,
      isKubeVip: false,
      clock: systemClock,
      log: recordingLogger(),
    });
    const all = (await client.list(services, { signal })).items;
    const cluster = { nodes: [], services: all };
    const stop = new AbortController();
    const running = external.loop(() => cluster, undefined).run(stop.signal);
    const isShown = async (): Promise<boolean> => (await made())?.status?.loadBalancer?.ingress?.[0]?.ip === EIP;
    await waitFor(isShown, { what: 'the status' });
    const areLeft = async (): Promise<boolean> =>
      (await client.get(oldEndpoints, CONTROL_PLANE_SERVICE, { signal })) !== undefined;
    await waitFor(async () => !(await areLeft()), { what: 'the end of the old Endpoints' });
    stop.abort();
    await running;
    const target = all.find(({ metadata }) => metadata?.name === 'kubernetes')?.spec?.ports?.[0]?.targetPort;
    expect(await made()).toMatchObject({
      spec: { type: 'LoadBalancer', loadBalancerIP: EIP, ports: [{ name: 'https', port: 443, targetPort: target }] },
    });
    expect(addressesOf(await slicesIn('kube-system'))).toEqual(['10.0.0.1']);
    expect(await external.plan(cluster, signal)).toMatchObject({ steps: [] });
  }, 180_000);
});
