import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DeadlineHeap } from './deadline-heap.ts';
import { Fifo } from './fifo.ts';

const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key: fc.nat(8), atMs: fc.nat(20) }),
  fc.record({ do: fc.constant('shift' as const) }),
);

test('the heap gives the same order as a sorted list, each key once at its earliest time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new DeadlineHeap<number>();
      let model: { key: number; atMs: number }[] = [];
      for (const next of steps) {
        if (next.do === 'set') {
          const present = model.find((entry) => entry.key === next.key);
          if (!present || next.atMs < present.atMs) {
            // Array.sort is stable, so equal times keep their order of insertion.
            model = [...model.filter((entry) => entry !== present), { key: next.key, atMs: next.atMs }];
            model.sort((a, b) => a.atMs - b.atMs);
          }
          heap.setEarliest(next.key, next.atMs);
        } else {
          const expected = model.shift();
          const got = heap.shift();
          expect(got && { key: got.key, atMs: got.atMs }).toEqual(expected);
          continue;
        }
        expect(heap.first()).toMatchObject(model[0]!);
        expect(heap.size).toBe(model.length);
      }
      const rest: unknown[] = [];
      for (let entry = heap.shift(); entry; entry = heap.shift()) rest.push({ key: entry.key, atMs: entry.atMs });
      expect(rest).toEqual(model);
    }),
  );
});

test('the heap is empty after clear and can be used again', () => {
  const heap = new DeadlineHeap<string>();
  heap.setEarliest('a', 5);
  heap.clear();
  expect(heap.first()).toBeUndefined();
  heap.setEarliest('a', 9);
  expect(heap.shift()).toMatchObject({ key: 'a', atMs: 9 });
});

test('Fifo gives back everything in order, also when it cuts off used slots', () => {
  const fifo = new Fifo<{ n: number }>();
  const out: number[] = [];
  let pushed = 0;
  for (let round = 0; round < 50; round += 1) {
    for (let i = 0; i < 100; i += 1) fifo.push({ n: pushed++ });
    for (let i = 0; i < 90; i += 1) out.push(fifo.shift()!.n);
  }
  expect(fifo.size).toBe(500);
  for (let next = fifo.shift(); next; next = fifo.shift()) out.push(next.n);
  expect(out).toEqual(Array.from({ length: pushed }, (_, n) => n));
  expect(fifo.shift()).toBeUndefined();
});
