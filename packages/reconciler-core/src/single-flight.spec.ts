import { describe, expect, test } from '@jest/globals';
import { SingleFlight } from './single-flight.ts';

describe('SingleFlight', () => {
  test('callers of one key share the running work; other keys have their own', async () => {
    const flights = new SingleFlight<string, number>();
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const work = async (): Promise<number> => {
      runs += 1;
      const own = runs;
      await gate.promise;
      return own;
    };
    const all = [flights.run('a', work), flights.run('a', work), flights.run('b', work)];
    gate.resolve();
    expect(await Promise.all(all)).toEqual([1, 1, 2]);
    expect(await flights.run('a', work)).toBe(3);
  });

  test.each([
    { how: 'rejects', work: () => Promise.reject(new Error('x')) },
    {
      how: 'throws at once',
      work: () => {
        throw new Error('x');
      },
    },
  ])('work that $how fails all its callers and is not kept', async ({ work }) => {
    const flights = new SingleFlight<string, number>();
    const results = await Promise.allSettled([flights.run('a', work), flights.run('a', work)]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await expect(flights.run('a', () => Promise.resolve(5))).resolves.toBe(5);
  });
});
