import { describe, expect, test } from '@jest/globals';
import { effectOf, Faults } from './faults.ts';

const request = { method: 'GET', path: '/v2/droplets/12', template: '/v2/droplets/{id}' };

describe('effectOf', () => {
  test.each([
    { fault: { status: 500 }, effect: { kind: 'answer', isWorkDone: false, end: 'reply', answer: { ownError: 500 } } },
    {
      fault: { body: { a: 1 } },
      effect: { kind: 'answer', isWorkDone: false, answer: { status: 500, body: { a: 1 } } },
    },
    { fault: { kind: 'html' }, effect: { isWorkDone: false, answer: { status: 502 } } },
    { fault: { kind: 'html', status: 404 }, effect: { isWorkDone: false, answer: { status: 404 } } },
    { fault: { kind: 'empty-body' }, effect: { isWorkDone: false, answer: { status: 502, text: '' } } },
    { fault: { kind: 'empty-body', status: 202 }, effect: { isWorkDone: true, answer: { status: 202, text: '' } } },
    { fault: { kind: 'drop-before' }, effect: { isWorkDone: false, end: 'drop' } },
    { fault: { kind: 'drop-after' }, effect: { isWorkDone: true, end: 'drop' } },
    { fault: { kind: 'hang' }, effect: { isWorkDone: false, end: 'hang' } },
    { fault: { kind: 'stale' }, effect: { isWorkDone: true, isStale: true, end: 'reply' } },
    { fault: { delayMs: 16_000 }, effect: { kind: 'delay', isWorkDone: true, end: 'reply', delayMs: 16_000 } },
  ] as const)('$fault', ({ fault, effect }) => {
    expect(effectOf(fault)).toMatchObject(effect);
  });
});

describe('Faults', () => {
  test.each([
    { match: undefined, matches: true },
    { match: { method: 'get' }, matches: true },
    { match: { method: 'POST' }, matches: false },
    { match: { path: '/v2/droplets/12' }, matches: true },
    { match: { path: '/v2/droplets/{id}' }, matches: true },
    { match: { path: '/v2/droplets' }, matches: false },
    { match: { path: /droplets/ }, matches: true },
    { match: { method: 'GET', path: /load_balancers/ }, matches: false },
  ])('$match', ({ match, matches }) => {
    const faults = new Faults();
    faults.add({ ...(match === undefined ? {} : { match }), status: 500 });
    expect(faults.take(request) !== undefined).toBe(matches);
  });

  test('a fault is used once, or as often as it says, the first one first', () => {
    const faults = new Faults();
    const first = faults.add({ status: 500 });
    const second = faults.add({ status: 503, times: 2 });
    const effects = [1, 2, 3, 4].map(() => faults.take(request)?.answer);
    expect(effects).toEqual([
      { ownError: 500, headers: {} },
      { ownError: 503, headers: {} },
      { ownError: 503, headers: {} },
      undefined,
    ]);
    expect([first.used, second.used]).toEqual([1, 2]);
  });

  test('a fault without end stays until it is removed', () => {
    const faults = new Faults();
    const fault = faults.add({ kind: 'hang', times: Infinity });
    for (let n = 0; n < 100; n += 1) expect(faults.take(request)?.kind).toBe('hang');
    fault.remove();
    expect(faults.take(request)).toBeUndefined();
  });
});
