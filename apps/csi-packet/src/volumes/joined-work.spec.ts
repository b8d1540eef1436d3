// One piece of work per key: who joins, who waits, what happens when nobody wants the result any more.
import { describe, expect, test } from '@jest/globals';
import { JoinedWork } from './joined-work.ts';
import type { WorkSignals } from './joined-work.ts';

const forever = new AbortController().signal;
const leave = (): AbortController => new AbortController();

describe('JoinedWork', () => {
  test('the same work is joined, also while it is under way for long', async () => {
    const work = new JoinedWork();
    const done = Promise.withResolvers<string>();
    let begun = 0;
    const run = (): Promise<string> =>
      work.run({ key: 'v', fingerprint: 'attach' }, forever, () => {
        begun += 1;
        return done.promise;
      });
    const both = [run(), run()];
    done.resolve('x');
    expect(await Promise.all(both)).toEqual(['x', 'x']);
    expect([begun, work.size]).toEqual([1, 0]);
  });

  test('other work with the same key waits; a failure before it does not concern it', async () => {
    const work = new JoinedWork();
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const attach = work.run({ key: 'v', fingerprint: 'attach' }, forever, async () => {
      await first.promise;
      order.push('attach');
      throw new Error('no');
    });
    const detach = work.run({ key: 'v', fingerprint: 'detach' }, forever, async () => void order.push('detach'));
    const other = work.run({ key: 'w', fingerprint: 'attach' }, forever, async () => void order.push('other'));
    await other;
    first.resolve();
    await expect(attach).rejects.toThrow('no');
    await detach;
    expect(order).toEqual(['other', 'attach', 'detach']);
  });

  test('a caller that leaves gets its own reason; the work goes on for the others', async () => {
    const work = new JoinedWork();
    const done = Promise.withResolvers<string>();
    const impatient = leave();
    const name = { key: 'v', fingerprint: 'create' };
    let wanted: AbortSignal | undefined;
    const body = ({ wanted: signal }: WorkSignals): Promise<string> => {
      wanted = signal;
      return done.promise;
    };
    const left = work.run(name, impatient.signal, body);
    const stays = work.run(name, forever, body);
    impatient.abort(new Error('deadline'));
    await expect(left).rejects.toThrow('deadline');
    expect(wanted?.aborted).toBe(false);
    done.resolve('made');
    expect(await stays).toBe('made');
  });

  test('when the last one leaves the work is told; who comes then begins anew after it', async () => {
    const work = new JoinedWork();
    const caller = leave();
    const name = { key: 'v', fingerprint: 'detach' };
    const runs: string[] = [];
    const wait = work.run(name, caller.signal, ({ wanted }) => {
      runs.push('first');
      return new Promise((_, reject) => wanted.addEventListener('abort', () => reject(wanted.reason as Error)));
    });
    caller.abort(new Error('deadline'));
    await expect(wait).rejects.toThrow('deadline');
    await work.run(name, forever, async () => void runs.push('second'));
    expect(runs).toEqual(['first', 'second']);
    expect(work.size).toBe(0);
  });

  test('one that has left already begins nothing', async () => {
    const work = new JoinedWork();
    const caller = leave();
    caller.abort(new Error('deadline'));
    const run = work.run({ key: 'v', fingerprint: 'a' }, caller.signal, async () => 'x');
    await expect(run).rejects.toThrow('deadline');
    expect(work.size).toBe(0);
  });

  test('work that throws at once is a failure like any other', async () => {
    const work = new JoinedWork();
    const run = work.run({ key: 'v', fingerprint: 'a' }, forever, () => {
      throw new Error('at once');
    });
    await expect(run).rejects.toThrow('at once');
    expect(work.size).toBe(0);
  });

  test('the end of the program is told and waited for', async () => {
    const work = new JoinedWork();
    let hasEnded = false;
    const run = work.run({ key: 'v', fingerprint: 'a' }, forever, async ({ signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      hasEnded = true;
      throw signal.reason;
    });
    const refused = expect(run).rejects.toThrow('stopping');
    await work.stop();
    expect(hasEnded).toBe(true);
    await refused;
  });
});
