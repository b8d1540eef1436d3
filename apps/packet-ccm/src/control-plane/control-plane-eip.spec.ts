// The elastic IP of the control plane against the simulated cloud over HTTP: who has it, and when it moves.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@longshore/reconciler-core/testing';
import fc from 'fast-check';
import { aControlPlaneWorld } from '../test-support/control-plane-world.ts';
import type { ControlPlaneWorld } from '../test-support/control-plane-world.ts';

const ROUND_MS = 10_000;
let world: ControlPlaneWorld;

beforeEach(async () => {
  world = await aControlPlaneWorld();
}, 60_000);
afterEach(() => world.close(), 60_000);

/** Lets the loop go on; HTTP is real, so each round is waited for. */
async function until(what: string, condition: () => boolean, of = world): Promise<void> {
  await waitFor(
    async () => {
      if (condition()) return true;
      await of.clock.advance(1_000);
      return condition();
    },
    { what, everyMs: 5 },
  );
}

/** So many more checks of the holder. */
async function checks(count: number, of = world): Promise<void> {
  const wanted = of.asked.length + count;
  await until(`${count} checks`, () => of.asked.length >= wanted, of);
}

const has = (name: string) => (): boolean => world.holders().join() === name;
const moves = (reason: string): number => world.metrics.value('control_plane_eip_moves_total', { reason }) ?? 0;

function cordon(name: string): void {
  world.nodes.update(name, (node) => ({ ...node, spec: { ...node.spec, unschedulable: true } }));
}

describe('the elastic IP of the control plane', () => {
  test('PK row 62 on nobody: it is assigned to the healthy one', async () => {
    world.healthy.delete('a');
    world.healthy.delete('c');
    world.run();
    await until('b has it', has('b'));
    await until('the move is told', () => world.events.length > 0);
    expect(world.events).toEqual([
      expect.stringMatching(/^ControlPlaneAddressMoved .* is on b now: it is on no device$/),
    ]);
    expect(moves('unassigned')).toBe(1);
  }, 60_000);

  test('PK row 63 PK row 67 the holder fails: one failed check moves nothing, three in a row do, and not back to it', async () => {
    await world.give('a');
    world.run();
    await checks(2);
    world.healthy.delete('a');
    await checks(1);
    world.healthy.add('a');
    await checks(2);
    expect(world.holders()).toEqual(['a']);
    world.healthy.delete('a');
    await until('another has it', () => !has('a')());
    await until('the move is told', () => moves('unhealthy') === 1);
    expect(world.holders()).toEqual(['b']);
    expect(world.asked[0]).toBe(`${world.address}:443`);
  }, 60_000);

  test('PK row 64 all fail: nothing moves, one error event', async () => {
    await world.give('a');
    world.healthy.clear();
    world.run();
    await until('the error', () => world.events.length > 0);
    await checks(8);
    expect(world.holders()).toEqual(['a']);
    expect(world.events).toEqual([
      expect.stringMatching(/^ControlPlaneAddressStuck .*the API server behind it fails.*asked were b, c/),
    ]);
    expect(world.metrics.value('control_plane_eip_healthy')).toBe(0);
    world.healthy.add('c');
    await until('c has it', has('c'));
  }, 60_000);

  test('PK row 65 the holder is cordoned: it moves at once', async () => {
    await world.give('b');
    world.run();
    await checks(1);
    const before = world.clock.monotonicMs();
    cordon('b');
    await waitFor(
      async () => {
        await world.clock.advance(1);
        return has('a')();
      },
      { what: 'a has it' },
    );
    expect(world.clock.monotonicMs() - before).toBeLessThan(ROUND_MS);
    await until('the move is told', () => moves('cordoned') === 1);
  }, 60_000);

  test('PK row 65 the holder’s Node is deleted: it moves at once', async () => {
    await world.give('b');
    world.run();
    await checks(1);
    world.nodes.delete('b');
    await until('a has it', has('a'));
    await until('the move is told', () => moves('deleted') === 1);
  }, 60_000);

  test('PK row 65 a cordoned holder stays while all others are cordoned, too', async () => {
    await world.give('b');
    for (const name of ['a', 'b', 'c']) cordon(name);
    world.run();
    await until('the error', () => world.events.length > 0);
    expect(world.holders()).toEqual(['b']);
    expect(world.metrics.value('control_plane_eip_healthy')).toBe(1);
  }, 60_000);

  test('PK row 66 two assignments: no change, an error', async () => {
    await world.close();
    // Of a global one the API lets several devices have it.
    world = await aControlPlaneWorld({ type: 'global_ipv4' });
    await world.give('a');
    await world.give('b');
    world.cloud.calls.clear();
    world.run();
    await until('the error', () => world.events.length > 0);
    expect(world.events).toEqual([expect.stringMatching(/assigned to 2 devices at once/)]);
    const rounds = (): number => world.metrics.value('control_plane_eip_checks_total', { result: 'hands-off' }) ?? 0;
    await until('three rounds', () => rounds() >= 3);
    expect([world.cloud.calls.writes(), world.holders()]).toEqual([[], ['a', 'b']]);
  }, 60_000);

  test('PK row 70 with the host-IP switch the node’s own external address is asked, at the port of the node', async () => {
    await world.close();
    world = await aControlPlaneWorld({ checksHostIp: true });
    await world.give('a');
    world.run();
    await checks(2);
    const own = world.nodes.get('a')?.status?.addresses?.find(({ type }) => type === 'ExternalIP')?.address;
    expect(new Set(world.asked)).toEqual(new Set([`${own}:6443`]));
  }, 60_000);

  test('a holder that is no Node yet keeps it while it answers: the first one of a cluster', async () => {
    await world.give('a');
    world.nodes.delete('a');
    world.run();
    await checks(5);
    expect(world.holders()).toEqual(['a']);
  }, 60_000);

  test('a quiet hour costs no more than a call a minute', async () => {
    await world.give('a');
    world.run();
    await checks(1);
    world.cloud.calls.clear();
    await checks(30);
    expect(world.cloud.calls.total).toBeLessThanOrEqual(7);
    expect(world.cloud.calls.writes()).toEqual([]);
  }, 60_000);

  test('plan says what would move, and what is only suspected; it writes nothing', async () => {
    expect((await world.plan()).steps).toMatchObject([
      { kind: 'assign', summary: `assign ${world.address} to a`, why: 'it is on no device' },
    ]);
    await world.give('a');
    expect(await world.plan()).toMatchObject({ subject: { kind: 'ElasticIP' }, steps: [] });
    world.healthy.delete('a');
    await world.clock.advance(ROUND_MS);
    expect(await world.plan()).toMatchObject({
      steps: [],
      unknown: [expect.stringContaining('failed 1 of the 3 checks')],
    });
    cordon('a');
    expect((await world.plan()).steps.map(({ kind }) => kind)).toEqual(['unassign', 'assign']);
    expect(world.holders()).toEqual(['a']);
  }, 60_000);

  test('no reservation with the tag is an error event, and plan says so', async () => {
    const reservation = [...world.cloud.state.reservations.values()].find(({ tags }) => tags.length > 0);
    await world.api.reservations.release(reservation?.id as never, new AbortController().signal);
    world.run();
    await until('the error', () => world.events.length > 0);
    expect(world.events[0]).toContain('METAL_EIP_TAG');
    expect(await world.plan()).toMatchObject({ steps: [], unknown: [expect.stringContaining('METAL_EIP_TAG')] });
  }, 60_000);
});

describe('law', () => {
  test('whatever answers are lost, one healthy node has the address in the end', async () => {
    const faults = fc.array(
      fc.record({
        kind: fc.constantFrom('drop-before' as const, 'drop-after' as const, 'answer' as const),
        status: fc.constantFrom(500, 429),
        match: fc.record({ method: fc.constantFrom('GET', 'POST', 'DELETE') }),
      }),
      { maxLength: 4 },
    );
    const start = fc.constantFrom(undefined, 'a', 'b', 'c');
    const sick = fc.subarray(['a', 'b', 'c'], { maxLength: 2 });
    const law = async (
      planned: readonly object[],
      first: string | undefined,
      ill: readonly string[],
    ): Promise<void> => {
      const own = await aControlPlaneWorld();
      try {
        if (first !== undefined) await own.give(first);
        for (const name of ill) own.healthy.delete(name);
        for (const fault of planned) own.cloud.fail(fault);
        own.run();
        const isRight = (): boolean => {
          const [holder, ...others] = own.holders();
          return others.length === 0 && holder !== undefined && own.healthy.has(holder);
        };
        await until('a healthy node has it', isRight, own);
        own.cloud.clearFaults();
        const settled = own.holders();
        await checks(6, own);
        expect([own.holders(), isRight()]).toEqual([settled, true]);
      } finally {
        await own.close();
      }
    };
    await fc.assert(fc.asyncProperty(faults, start, sick, law), { numRuns: 10, endOnFailure: true });
  }, 240_000);
});
