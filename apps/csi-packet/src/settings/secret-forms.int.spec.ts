// The Secret packet-cloud-config in both its forms, as the manifests mount it: the built program starts with exactly their arguments and
// environment, and the simulated cloud accepts its key. The same for packet-ccm is in apps/packet-ccm/src/releases.int.spec.ts.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { waitFor } from '@longshore/reconciler-core/testing';
import { parseAllDocuments } from 'yaml';
import { aCreate } from '../test-support/cloud-driver.ts';
import { csiClient, outcomeOf } from '../test-support/csi-client.ts';
import type { CsiClient } from '../test-support/csi-client.ts';
import { listens } from '../test-support/listens.ts';
import { mountSecret } from '../test-support/mounted-secret.ts';
import { startProgram } from '../test-support/program.ts';
import type { Program } from '../test-support/program.ts';

interface PodSpec {
  readonly containers: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }[];
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
}

const LIMIT = { timeoutMs: 60_000 };
const deploy = join(import.meta.dirname, '../../deploy/kubernetes');
let folder: string;
let cloud: PacketSimulator;
let program: Program | undefined;
let client: CsiClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csi-secret-'));
  cloud = await simulatePacket({ devices: 1, volumeQueuedMs: 0 });
  client = csiClient(`unix:${join(folder, 'csi.sock')}`);
});
afterEach(async () => {
  client.close();
  await program?.kill();
  program = undefined;
  await cloud.close();
  await rm(folder, { recursive: true });
});

async function podSpecOf(file: string): Promise<PodSpec> {
  const documents = parseAllDocuments(await readFile(join(deploy, file), 'utf8'));
  const specs = documents.map(
    (one) => (one.toJS() as { spec?: { template?: { spec: PodSpec } } }).spec?.template?.spec,
  );
  const found = specs.find((spec) => spec?.containers.some(({ name }) => name === 'packet-driver'));
  if (found === undefined) throw new Error(`${file} starts no packet-driver`);
  return found;
}

/** Where its places are here: paths of the pod begin in the folder of the test, ports are any that are free. */
function here(argument: string): string {
  const [flag = '', value = ''] = argument.split(/=(.*)/s);
  if (flag === '--http-endpoint') return `${flag}=127.0.0.1:0`;
  return value.startsWith('/') ? `${flag}=${folder}${value}` : argument;
}

async function startAsInPod(file: string, secret: Readonly<Record<string, string>>): Promise<void> {
  const { containers, volumes } = await podSpecOf(file);
  const driver = containers.find(({ name }) => name === 'packet-driver');
  const mounts = driver?.volumeMounts.filter(({ name }) =>
    volumes.some((volume) => volume.name === name && volume.secret?.secretName === 'packet-cloud-config'),
  );
  expect(mounts).toHaveLength(1);
  await mountSecret(join(folder, mounts?.[0]?.mountPath ?? ''), secret);
  const given = (driver?.env ?? []).filter(({ name, value }) => name !== 'CSI_ENDPOINT' && value !== undefined);
  const env = Object.fromEntries(given.map(({ name, value }) => [name, value ?? '']));
  const args = (driver?.args ?? []).map((text) => here(text.replace('$(CSI_ENDPOINT)', join(folder, 'csi.sock'))));
  const endpoint = `--endpoint=${join(folder, 'csi.sock')}`;
  const own = { PACKET_API_URL: cloud.url, PACKET_METADATA_URL: cloud.metadata.urlOf('node-1') };
  const started = startProgram([...args.filter((text) => !text.startsWith('--endpoint=')), endpoint], {
    ...env,
    ...own,
  });
  program = started;
  const early = started.exited.then((code) => Promise.reject(new Error(`ended with ${code}: ${started.output()}`)));
  early.catch(() => {});
  await Promise.race([waitFor(() => listens(join(folder, 'csi.sock')), { what: 'the socket', ...LIMIT }), early]);
}

describe.each(['controller.yaml', 'node_controller_sanity_test.yaml'])('csi-packet as in %s', (file) => {
  const forms: readonly (readonly [string, (values: Record<string, string>) => Record<string, string>])[] = [
    ['plain keys', (values) => values],
    ['cloud-sa.json', (values) => ({ 'cloud-sa.json': JSON.stringify(values) })],
  ];

  test.each(forms)(
    'the Secret with %s: the key reaches the cloud, which takes it; another is refused',
    async (_, form) => {
      await startAsInPod(file, form({ apiKey: cloud.token, projectID: cloud.projectId }));
      const madeOne = async (): Promise<boolean> =>
        (await outcomeOf(client.controller.createVolume(aCreate()))).code === 0;
      await waitFor(madeOne, { what: 'a volume', ...LIMIT });
      expect(cloud.state.volumes.size).toBe(1);
      cloud.removeToken(cloud.token);
      expect(await outcomeOf(client.controller.createVolume(aCreate({ name: 'pvc-2' })))).toMatchObject({ code: 16 });
      expect(cloud.state.volumes.size).toBe(1);
      expect(program?.output()).not.toContain(cloud.token);
    },
    180_000,
  );
});
