import { describe, expect, test } from '@jest/globals';
import { ReconnectBackoff } from './reconnect-backoff.ts';

describe('ReconnectBackoff', () => {
  test('doubles from 0.8 s to 30 s, with the least jitter', () => {
    const backoff = new ReconnectBackoff(() => 0);
    const pauses = Array.from({ length: 8 }, () => backoff.nextMs(0));
    expect(pauses).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(backoff.pauses).toBe(8);
  });

  test('lengthens each pause by up to its own length', () => {
    expect(new ReconnectBackoff(() => 0.999_999).nextMs(0)).toBeCloseTo(1600, 0);
  });

  test('starts over after two minutes without a pause, not earlier', () => {
    const backoff = new ReconnectBackoff(() => 0);
    backoff.nextMs(0);
    backoff.nextMs(800);
    const endMs = 800 + 1600;
    expect(backoff.nextMs(endMs + 119_999)).toBe(3200);
    expect(backoff.nextMs(endMs + 119_999 + 3200 + 120_000)).toBe(800);
  });
});
