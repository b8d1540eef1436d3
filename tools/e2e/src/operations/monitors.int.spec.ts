// Dashboards and alert rules against what the built programs serve at work: every metric and label that they name exists.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { root } from '../test-results.ts';
import { mergeExpositions } from './exposition.ts';
import type { Exposition } from './exposition.ts';
import { KNOWN_VALUES } from './known-values.ts';
import { allMonitors, problemsOf } from './monitors.ts';
import { pageOfCloudscaleCcm, pageOfCsiPacket, pageOfDoCcm, pageOfManager, pageOfPacketCcm } from './served-pages.ts';

const FIRST_BUILD_MS = 1_800_000;
const LONG_MS = 600_000;

let plane: ControlPlane;
let served: Exposition;
const pages = new Map<string, Exposition>();

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ onProgress });
  await installTypes();
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());

async function installTypes(): Promise<void> {
  const kubectl = await kubectlFor(plane);
  const script = path.join(root, 'apps/capi-packet-manager/src/generate/write-manifests.ts');
  const file = path.join(plane.folder, 'crds.yaml');
  await promisify(execFile)(process.execPath, [
    '--conditions=@longshore/source',
    script,
    '--only-crds',
    `--output=${file}`,
  ]);
  await kubectl('apply', '-f', file);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
}

// One after the other: they share the cluster, and each wants the node and the Lease for itself.
test.each([
  { app: 'do-ccm', read: () => pageOfDoCcm(plane) },
  { app: 'cloudscale-ccm', read: () => pageOfCloudscaleCcm(plane) },
  { app: 'packet-ccm', read: () => pageOfPacketCcm(plane) },
  { app: 'csi-packet', read: () => pageOfCsiPacket() },
  { app: 'capi-packet-manager', read: () => pageOfManager(plane) },
])(
  '$app serves metrics of its work',
  async ({ app, read }) => {
    pages.set(app, await read());
    served = mergeExpositions([...pages.values()]);
  },
  LONG_MS,
);

describe('dashboards and alerts', () => {
  test('ask only for metrics, labels and values that the programs serve', () => {
    expect(pages.size).toBe(5);
    expect(allMonitors().flatMap((monitor) => problemsOf(monitor, served, KNOWN_VALUES))).toEqual([]);
  });

  test('a metric, a label and a value that nobody serves are found', () => {
    const problems = (expr: string): readonly string[] => problemsOf({ place: 'x', expr }, served, KNOWN_VALUES);
    expect(problems('nobody_has_this > 0')).toEqual(['x: nobody serves nobody_has_this']);
    expect(problems('sum by (colour) (packet_machines)')).toEqual(['x: no metric of it has the label colour']);
    expect(problems('packet_machines{stage="Failed"}')).toEqual(['x: packet_machines has no label stage']);
    expect(problems('packet_machines{phase="Broken"}')).toEqual(['x: packet_machines: nobody knows phase="Broken"']);
    expect(problems('rate(packet_machines[5m])')).toEqual(['x: rate of packet_machines, which is a gauge']);
  });
});
