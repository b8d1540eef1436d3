// Taking a cluster over from the Go program: what it left is adopted without a write to the cloud, without an event, and without a write
// to the cluster but the Lease. Then the same after a restart with many Services. The audit log of a real API server is the witness.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { AuditEvent, ControlPlane } from '@longshore/embedded-control-plane';
import {
  Administrator,
  CLUSTER_TAG,
  recordFirewall,
  recordNodes,
  recordService,
  SHOP,
} from './test-support/recorded-world.ts';
import type { WorldObject } from './test-support/recorded-world.ts';
import { RunningCcm } from './test-support/recorded-world-program.ts';
import { recordedServices } from './test-support/recorded-world-services.ts';
import type { RecordedService } from './test-support/recorded-world-services.ts';

const FIRST_BUILD_MS = 1_800_000;
const USER = 'ccm';
const READS = new Set(['get', 'list', 'watch']);
let folder: string;
let kubeconfig: string;
let plane: ControlPlane;
let admin: Administrator;
let cloud: DigitalOceanSimulator;
let program: RunningCcm | undefined;
let auditedBefore = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-take-over-'));
  kubeconfig = path.join(folder, 'kubeconfig');
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ audit: true, users: [{ name: USER, groups: ['system:masters'] }], onProgress });
  admin = await Administrator.of(plane);
  await plane.writeKubeconfig(kubeconfig, { userName: USER });
}, FIRST_BUILD_MS);
afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  cloud = await simulateDigitalOcean({ timeToActiveMs: 0, quota: 'off' });
  await admin.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } }).catch(() => undefined);
});
afterEach(async () => {
  await program?.stop();
  await cloud.close();
  for (const { metadata } of await admin.list(SHOP)) {
    await admin.change('service', metadata.name, { metadata: { finalizers: null } });
    await admin.call('DELETE', `${SHOP}/${metadata.name}`);
  }
  await admin.call('DELETE', '/api/v1/nodes');
});

const FIREWALL = { PUBLIC_ACCESS_FIREWALL_NAME: 'k8s-public', PUBLIC_ACCESS_FIREWALL_TAGS: CLUSTER_TAG };

async function record(services: readonly RecordedService[]): Promise<void> {
  const dropletIds = await recordNodes(admin, cloud, 3);
  const certificateId = cloud.addCertificate({ name: 'recorded' }).id;
  const account = { cloud, dropletIds, certificateId };
  for (let at = 0; at < services.length; at += 10) {
    await Promise.all(services.slice(at, at + 10).map((service) => recordService(admin, service, account)));
  }
  expect(cloud.schemaProblems).toEqual([]);
  cloud.calls.clear();
  auditedBefore = (await plane.auditEvents()).length;
}

async function recordTheFirewall(): Promise<void> {
  const known = ['plain', 'udp', 'custom-name'];
  const external = (await admin.list(SHOP)).filter(({ metadata }) => known.includes(metadata.name));
  const ids = external.map(
    ({ metadata }) => metadata.annotations?.['kubernetes.digitalocean.com/load-balancer-id'] ?? '',
  );
  const spec = { type: 'NodePort', ports: [{ port: 8080, nodePort: 30_999 }] };
  await admin.call('POST', SHOP, { metadata: { name: 'on-nodes' }, spec });
  const ports = ['tcp 10001', 'tcp 30999', 'tcp 443', 'tcp 80', 'udp 10002'];
  await recordFirewall(cloud, { name: FIREWALL.PUBLIC_ACCESS_FIREWALL_NAME, balancerIds: ids, ports });
  cloud.calls.clear();
}

/** Starts the program and waits until each Service was looked at, without a sign of which there would be none. */
async function lookedAt(services: number, env: Readonly<Record<string, string>> = {}): Promise<RunningCcm> {
  const running = new RunningCcm({ kubeconfig, cloud, env });
  program = running;
  await running.until('a look at every Service', async () => {
    const done = await running.metric('workqueue_work_duration_seconds_count', { name: 'service' });
    return done >= services && (await running.metric('workqueue_depth', { name: 'service' })) === 0;
  });
  return running;
}

async function ofProgram(): Promise<readonly AuditEvent[]> {
  const all = (await plane.auditEvents()).slice(auditedBefore);
  return all.filter(({ user }) => user.username === USER);
}

async function writesOfProgram(): Promise<readonly string[]> {
  return (
    (await ofProgram())
      .filter(({ verb, objectRef }) => !READS.has(verb) && !/reviews$/.test(objectRef?.resource ?? ''))
      .filter(({ objectRef }) => objectRef?.resource !== 'leases')
      // Who leads is told by an event about the Lease, as in the Go program; all other events are looked at one by one.
      .filter(({ objectRef }) => objectRef?.resource !== 'events')
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`)
  );
}

interface WorldEvent {
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly reason: string;
}

async function eventsButOfTheLease(): Promise<readonly string[]> {
  return (await admin.list<WorldEvent>('/api/v1/events'))
    .filter(({ involvedObject }) => involvedObject.kind !== 'Lease')
    .map(({ involvedObject, reason }) => `${involvedObject.kind} ${involvedObject.name}: ${reason}`);
}

const versionsOf = (objects: readonly WorldObject[]): readonly string[] =>
  objects.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);

describe('a cluster that the Go program ran', () => {
  test('is adopted: nothing is written to the cloud, nothing to the cluster but the Lease, and there is no event', async () => {
    await record(recordedServices);
    const before = [...cloud.state.loadBalancers.values()];
    const objects = versionsOf([...(await admin.list(SHOP)), ...(await admin.list('/api/v1/nodes'))]);
    const running = await lookedAt(recordedServices.length);
    await running.stop();
    expect(cloud.calls.writes().map(({ method, path: at }) => `${method} ${at}`)).toEqual([]);
    expect([...cloud.state.loadBalancers.values()]).toEqual(before);
    expect(await writesOfProgram()).toEqual([]);
    expect(await eventsButOfTheLease()).toEqual([]);
    expect(versionsOf([...(await admin.list(SHOP)), ...(await admin.list('/api/v1/nodes'))])).toEqual(objects);
    expect(running.output).not.toMatch(/^E\d{4}/m);
  });

  test('plan finds nothing to do in it, also not later on', async () => {
    await record(recordedServices);
    program = new RunningCcm({ kubeconfig, cloud, command: 'plan' });
    expect({ code: await program.ended(), said: program.output }).toMatchObject({ code: 0 });
    expect(cloud.calls.writes()).toEqual([]);
  });

  test('its public firewall is adopted as it is', async () => {
    await record(recordedServices.filter(({ name }) => ['plain', 'udp', 'custom-name'].includes(name)));
    await recordTheFirewall();
    const before = [...cloud.state.firewalls.values()];
    const running = await lookedAt(3, FIREWALL);
    await running.until('a look at the firewall', async () => (await running.metric('firewall_reconciles_total')) > 0);
    await running.stop();
    expect(cloud.calls.writes().map(({ method, path: at }) => `${method} ${at}`)).toEqual([]);
    expect(cloud.callsByRoute()).toHaveProperty('GET /v2/firewalls');
    expect([...cloud.state.firewalls.values()]).toEqual(before);
    expect(await eventsButOfTheLease()).toEqual([]);
  });
});

describe('a restart with nothing to do', () => {
  test('200 Services cost one paged list for each kind of thing, and no write', async () => {
    const [plain] = recordedServices;
    if (!plain) throw new Error('no recorded Service');
    await record(Array.from({ length: 200 }, (_, index) => ({ ...plain, name: `web-${index}` })));
    const running = await lookedAt(200);
    await running.stop();
    const { 'GET /v2/regions': _start, ...calls } = cloud.callsByRoute();
    expect(calls).toEqual({ 'GET /v2/load_balancers': 1, 'GET /v2/droplets': 1 });
    expect(await writesOfProgram()).toEqual([]);
    expect(await eventsButOfTheLease()).toEqual([]);
  });
});
