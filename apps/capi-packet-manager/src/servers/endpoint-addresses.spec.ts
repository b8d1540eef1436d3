import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { DeviceId } from '@longshore/packet-api';
import { never, ServerWorld } from './test-support/server-world.ts';
import { clusterTags } from './tags.ts';

jest.setTimeout(120_000);

const RESERVE = { method: 'POST', path: '/projects/{id}/ips' };
const owner = { namespace: 'default', name: 'blue' };

let world: ServerWorld;
beforeEach(async () => {
  world = await ServerWorld.start();
});
afterEach(() => world.close());

const wish = (cluster = owner) => ({ owner: cluster, projectId: world.projectId, facility: 'ewr1' });
const ensure = (cluster = owner) => world.addresses.ensure(wish(cluster), never);
const reserved = () => [...world.cloud.state.reservations.values()].filter(({ addon }) => addon);
const aDevice = (): DeviceId => world.cloud.addDevice().id as DeviceId;

describe('the elastic IP of a cluster', () => {
  test('is reserved once, with the tags of the cluster', async () => {
    const first = await ensure();
    world.restart();
    expect(await ensure()).toEqual(first);
    expect(reserved().map(({ tags, address }) => [tags, address])).toEqual([[clusterTags(owner), first.address]]);
    expect(world.calls('POST /projects/{id}/ips')).toBe(1);
  });

  test('many who ask at once get one', async () => {
    const found = await Promise.all(Array.from({ length: 5 }, () => ensure()));
    expect(new Set(found.map(({ address }) => address)).size).toBe(1);
    expect(reserved()).toHaveLength(1);
  });

  test('CA row C4 clusters of one name in two namespaces have different ones', async () => {
    const [one, other] = [await ensure(), await ensure({ ...owner, namespace: 'other' })];
    expect(one.address).not.toBe(other.address);
  });

  test('CA row C12 a name that is too long is refused, nothing is reserved', async () => {
    await expect(ensure({ ...owner, name: 'c'.repeat(42) })).rejects.toMatchObject({ code: 'CLUSTER_NAME_TOO_LONG' });
    expect(world.totalCalls).toBe(0);
  });

  test('reserved, and the answer lost: it is found by its tags', async () => {
    world.cloud.fail({ match: RESERVE, kind: 'drop-after' });
    const { address } = await ensure();
    expect(reserved().map((one) => one.address)).toEqual([address]);
  });

  test('the answer lost and no list has it yet: not reserved again before the settling time is over', async () => {
    world.cloud.fail({ match: RESERVE, kind: 'drop-before' });
    for (let passed = 0; passed < 60_000; passed += 10_000) {
      await expect(ensure()).rejects.toMatchObject({
        code: 'ENDPOINT_ADDRESS_IN_DOUBT',
        disposition: { retry: 'after', ms: 10_000 },
      });
      await world.clock.advance(10_000);
    }
    expect(world.calls('POST /projects/{id}/ips')).toBe(1);
    await ensure();
    expect(reserved()).toHaveLength(1);
  });

  test('a refusal passes with the words of the API', async () => {
    await world.close();
    world = await ServerWorld.start({ ipQuota: 0 });
    await expect(ensure()).rejects.toThrow('needs approval');
    await expect(ensure()).rejects.toThrow('needs approval');
  });

  test('of several the one in use stays the address', async () => {
    const order = { type: 'public_ipv4', quantity: 1, facility: 'ewr1', tags: clusterTags(owner) };
    await world.api.reservations.reserve(world.projectId, order, never);
    const used = await world.api.reservations.reserve(world.projectId, order, never);
    await world.addresses.assign(used.id, used.address ?? '', aDevice(), never);
    expect((await ensure()).address).toBe(used.address);
  });

  test('an address of somebody else is never taken', async () => {
    for (const tags of [[], ['cluster-api-provider-packet:cluster-id:blue']]) {
      await world.api.reservations.reserve(
        world.projectId,
        { type: 'public_ipv4', quantity: 1, facility: 'ewr1', tags },
        never,
      );
    }
    await ensure();
    expect(reserved()).toHaveLength(3);
  });
});

describe('assigning', () => {
  const assignedTo = async (): Promise<string | undefined> => (await ensure()).assignedTo;

  test('goes to the device, moves to another, and does nothing when it is there', async () => {
    const { address, reservationId } = await ensure();
    expect(await assignedTo()).toBeUndefined();
    const [first, second] = [aDevice(), aDevice()];
    await world.addresses.assign(reservationId, address, first, never);
    expect(await assignedTo()).toBe(first);
    const posts = world.calls('POST /devices/{id}/ips');
    await world.addresses.assign(reservationId, address, first, never);
    expect(world.calls('POST /devices/{id}/ips')).toBe(posts);
    await world.addresses.assign(reservationId, address, second, never);
    expect(await assignedTo()).toBe(second);
  });

  test('an answer that was lost is made good by doing it again', async () => {
    const { address, reservationId } = await ensure();
    const device = aDevice();
    world.cloud.fail({ match: { method: 'POST', path: '/devices/{id}/ips' }, kind: 'drop-after' });
    await expect(world.addresses.assign(reservationId, address, device, never)).rejects.toThrow();
    await world.addresses.assign(reservationId, address, device, never);
    expect(await assignedTo()).toBe(device);
  });

  test('an address that was released behind our back is said to be gone', async () => {
    const { address, reservationId } = await ensure();
    await world.api.reservations.release(reservationId, never);
    await expect(world.addresses.assign(reservationId, address, aDevice(), never)).rejects.toMatchObject({
      code: 'ENDPOINT_ADDRESS_GONE',
    });
  });
});

describe('releasing', () => {
  test('gives back all addresses of the cluster, also one in use, and nobody else’s', async () => {
    const { address, reservationId } = await ensure();
    const other = await ensure({ ...owner, namespace: 'other' });
    const order = { type: 'public_ipv4', quantity: 1, facility: 'ewr1', tags: clusterTags(owner) };
    await world.api.reservations.reserve(world.projectId, order, never);
    await world.addresses.assign(reservationId, address, aDevice(), never);
    await world.addresses.release(owner, world.projectId, never);
    expect(reserved().map((one) => one.address)).toEqual([other.address]);
    await world.addresses.release(owner, world.projectId, never);
  });

  test('waits while a reservation is in doubt, so that none is left behind', async () => {
    world.cloud.fail({ match: RESERVE, kind: 'drop-before' });
    await expect(ensure()).rejects.toThrow();
    await expect(world.addresses.release(owner, world.projectId, never)).rejects.toMatchObject({
      code: 'ENDPOINT_ADDRESS_IN_DOUBT',
    });
    await world.clock.advance(60_000);
    await world.addresses.release(owner, world.projectId, never);
  });
});
