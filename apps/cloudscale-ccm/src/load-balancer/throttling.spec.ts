// What an API that asks for a pause gets: the pause, and then the one call again, not the whole pass.
import { expect, test } from '@jest/globals';
import { aService } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';

test.each([
  { what: 'CSF 9 a read answered with 429', method: 'GET', status: 429 },
  { what: 'CS row 75 CSF 9 a read answered with 503', method: 'GET', status: 503 },
])(
  '$what is made again when the API says, and everything else once',
  async ({ method, status }) => {
    const world = await aWorld({ maxAttempts: 4 });
    world.put(aService());
    world.cloud.fail({ match: { method }, status, headers: { 'retry-after': '2' } });
    const startedMs = world.clock.monotonicMs();
    let isOver = false;
    const pass = world.settle().finally(() => {
      isOver = true;
    });
    // The pause is a timer of the clock; it is set once the answer is there.
    while (!isOver) {
      await world.clock.settle();
      if (world.clock.pendingTimers > 0) await world.clock.advance(100);
    }
    expect((await pass).kind).toBe('ready');
    expect(world.clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(2_000);
    expect(world.cloud.calls.of('POST /v1/load-balancers')).toHaveLength(1);
    expect(world.cloud.calls.of('GET /v1/servers')).toHaveLength(1);
    await world.close();
  },
  60_000,
);
