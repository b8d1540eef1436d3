// Moves to a target whose managers have another sealing key: what is sealed arrives sealed with theirs, however often the move was cut off.
import { describe, expect, test } from '@jest/globals';
import { annotations, clusterSecrets, PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import { clusters, machines } from '../../api/resources.ts';
import { isSealed, newSealingKeyBytes, open, seal, sealingKey } from '../../bootstrap/seal.ts';
import type { SealingKey } from '../../bootstrap/seal.ts';
import { dataOf, textIn } from '../../cluster/kube-secret.ts';
import { secrets } from '../kube-kinds.ts';
import { Interruption, WriteBudget } from '../test-support/interrupted-client.ts';
import { aWorld, expectMoved, id } from '../test-support/move-world.ts';
import type { MoveWorld } from '../test-support/move-world.ts';
import { moveCluster } from './pivot.ts';

const [ours, theirs, third] = [aKey(), aKey(), aKey()];
const SEALED = [
  { name: clusterSecrets.ca('web'), field: 'tls.key', plain: 'key of the CA' },
  { name: clusterSecrets.serviceAccount('web'), field: 'tls.key', plain: 'key of the service accounts' },
  { name: clusterSecrets.token('web'), field: 'token', plain: 'abcdef.0123456789abcdef' },
];
const DIFFER = { code: 'CTL_SEALING_KEYS_DIFFER' };

function aKey(): SealingKey {
  return sealingKey(newSealingKeyBytes(), 'test');
}

function putKeys(world: MoveWorld, side: 'source' | 'target', keys: readonly SealingKey[]): void {
  const metadata = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
  const fields = keys.map(({ bytes }, at) => [
    at === 0 ? 'key' : `former-${at}`,
    Buffer.from(bytes).toString('base64'),
  ]);
  world[side].put(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(fields) });
}

/** Keys of the source's Secret, and values that `ours` seals beside what is public. */
async function aSealedWorld(source: readonly SealingKey[] = [ours]): Promise<MoveWorld> {
  const world = await aWorld(['blue']);
  if (source.length > 0) putKeys(world, 'source', source);
  else world.source.delete(secrets, { namespace: PACKET_NAMESPACE, name: SEALING_SECRET });
  for (const { name, field, plain } of SEALED) {
    const found = world.source.object(secrets, `default/${name}`) ?? {};
    const sealed = seal(plain, [ours], { namespace: 'default', name, field });
    world.source.put(secrets, { ...found, data: dataOf({ public: 'as it is', [field]: sealed }) });
  }
  return world;
}

function expectSealedWith(world: MoveWorld, key: SealingKey): void {
  for (const { name, field, plain } of SEALED) {
    const secret = world.target.object(secrets, `default/${name}`);
    const text = textIn(secret, field) ?? '';
    expect(isSealed(text)).toBe(true);
    expect(open(text, [key], { namespace: 'default', name, field })).toBe(plain);
    expect(textIn(secret, 'public')).toBe('as it is');
  }
}

function expectNothingTouched(world: MoveWorld): void {
  expect(world.names(world.target)).toEqual([]);
  expect(world.replicas(world.source)).toBe(1);
  const cluster = world.source.object(clusters, 'default/web');
  expect(cluster?.metadata?.annotations?.[annotations.moving]).toBeUndefined();
}

function keyOn(world: MoveWorld, side: 'source' | 'target'): Readonly<Record<string, string>> | undefined {
  return world[side].object(secrets, `${PACKET_NAMESPACE}/${SEALING_SECRET}`)?.data;
}

describe('a target with another sealing key', () => {
  test('CA row P9 what was sealed is sealed with the key of the target, which keeps it', async () => {
    const world = await aSealedWorld();
    putKeys(world, 'target', [theirs]);
    const before = [world.names(world.source), keyOn(world, 'target')];
    await expect(moveCluster(id, world.parts())).resolves.toBe('moved');
    expectMoved(world, before[0] as readonly string[]);
    expectSealedWith(world, theirs);
    expect(keyOn(world, 'target')).toEqual(before[1]);
  });

  test('CA row P4 killed at every write, before or after it was done, and run again: the same end', async () => {
    const whole = await aSealedWorld();
    putKeys(whole, 'target', [theirs]);
    const before = whole.names(whole.source);
    const budget = new WriteBudget();
    await moveCluster(id, whole.parts(budget));
    expect(budget.writes).toBeGreaterThan(25);
    for (let fatal = 1; fatal <= budget.writes; fatal += 1) {
      for (const isDone of [false, true]) {
        const world = await aSealedWorld();
        putKeys(world, 'target', [theirs]);
        await expect(moveCluster(id, world.parts(new WriteBudget(fatal, isDone)))).rejects.toThrow(Interruption);
        await moveCluster(id, world.parts());
        expectMoved(world, before);
        expectSealedWith(world, theirs);
      }
    }
  });

  test('a value that an earlier run sealed there is not sealed once more', async () => {
    const world = await aSealedWorld();
    putKeys(world, 'target', [theirs]);
    const budget = new WriteBudget();
    const names = SEALED.map(({ name }) => `default/${name}`);
    const arrived = (): readonly unknown[] => names.map((name) => world.target.object(secrets, name)?.data);
    for (let fatal = 1; arrived().includes(undefined); fatal += 1) {
      await expect(moveCluster(id, world.parts(new WriteBudget(2, true)))).rejects.toThrow(Interruption);
      expect(fatal).toBeLessThan(60);
    }
    const first = arrived();
    await moveCluster(id, world.parts(budget));
    expect(arrived()).toEqual(first);
  });

  test('other contents under the same name are refused as before, without showing them', async () => {
    const world = await aSealedWorld();
    putKeys(world, 'target', [theirs]);
    const name = clusterSecrets.ca('web');
    const sealed = seal('another key', [theirs], { namespace: 'default', name, field: 'tls.key' });
    const data = dataOf({ public: 'as it is', 'tls.key': sealed });
    const labels = { 'cluster.k8s.io/cluster-name': 'web' };
    await world.target.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'default', name, labels },
      data,
    });
    const moving = moveCluster(id, world.parts());
    await expect(moving).rejects.toMatchObject({
      code: 'CTL_MOVE_CONFLICT',
      message: expect.stringMatching(/data.tls.key differs/),
    });
    await expect(moving).rejects.toMatchObject({ message: expect.not.stringContaining(sealed) });
    expect(world.source.objects(machines).length).toBeGreaterThan(0);
  });

  test('a target that knows the key as a former one: the values stay as they are', async () => {
    const world = await aSealedWorld();
    putKeys(world, 'target', [theirs, ours]);
    await moveCluster(id, world.parts());
    expectSealedWith(world, ours);
  });

  test('keys of files count on either side, and are not copied into the cluster', async () => {
    const world = await aSealedWorld([]);
    const before = world.names(world.source);
    await moveCluster(id, world.parts(new WriteBudget(), { source: [ours], target: [theirs] }));
    expectMoved(world, before);
    expectSealedWith(world, theirs);
    expect(keyOn(world, 'target')).toBeUndefined();
  });

  test('a file on the target counts more than the Secret of the source', async () => {
    const world = await aSealedWorld();
    await moveCluster(id, world.parts(new WriteBudget(), { target: [theirs] }));
    expectSealedWith(world, theirs);
    expect(keyOn(world, 'target')).toBeUndefined();
  });

  test.each([
    {
      when: 'what is there is no key',
      target: { key: 'b3RoZXI=' },
      source: [ours],
      says: /the key there cannot be read .* 32 random bytes/,
    },
    {
      when: 'the former key is known to neither side',
      target: { key: Buffer.from(theirs.bytes).toString('base64') },
      source: [third],
      says: new RegExp(`Secret default/web-ca: tls.key was sealed with key ${ours.id}`),
    },
  ])('refused before anything is touched: $when', async ({ target, source, says }) => {
    const world = await aSealedWorld(source);
    const metadata = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
    world.target.put(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: target });
    const message = expect.stringMatching(says);
    await expect(moveCluster(id, world.parts())).rejects.toMatchObject({ ...DIFFER, message });
    expectNothingTouched(world);
  });

  test('refused before anything is touched: the source has a file, and the target has no key yet', async () => {
    const world = await aSealedWorld([]);
    const message = expect.stringContaining('--to-sealing-key-file');
    const moving = moveCluster(id, world.parts(new WriteBudget(), { source: [ours] }));
    await expect(moving).rejects.toMatchObject({ ...DIFFER, message });
    expectNothingTouched(world);
  });
});
