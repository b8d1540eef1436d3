import { describe, expect, test } from '@jest/globals';
import { lastLines, readLogTail, saysPortIsTaken } from './log-tail.ts';

test('lastLines skips empty lines', () => {
  expect(lastLines('a\n\nb\nc\n\n', 2)).toBe('b\nc');
});

test('a log that is not there is empty', () => {
  expect(readLogTail('/nowhere/x.log')).toBe('');
});

describe('saysPortIsTaken', () => {
  test.each([
    {
      log: 'failed to listen on 127.0.0.1:16443: listen tcp 127.0.0.1:16443: bind: address already in use',
      taken: true,
    },
    { log: '{"level":"fatal","error":"listen tcp 127.0.0.1:2379: bind: address already in use"}', taken: true },
    { log: 'Error: unknown flag: --nonsense', taken: false },
    { log: 'bind: cannot assign requested address', taken: false },
  ])('$taken: $log', ({ log, taken }) => {
    expect(saysPortIsTaken(log)).toBe(taken);
  });
});
