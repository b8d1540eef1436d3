import { describe, expect, jest, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { ChangeWindow } from './change-window.ts';

describe('ChangeWindow', () => {
  const open = (): { clock: FakeClock; window: ChangeWindow; fire: jest.Mock<() => void> } => {
    const clock = new FakeClock();
    const fire = jest.fn<() => void>();
    return { clock, fire, window: new ChangeWindow({ clock, fire, quietMs: 1_000, longestMs: 5_000 }) };
  };

  test('I14 a burst is one look, one second after its last change', async () => {
    const { clock, window, fire } = open();
    for (const pauseMs of [0, 400, 400]) {
      await clock.advance(pauseMs);
      window.extend();
    }
    await clock.advance(999);
    expect(fire).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  test('I14 changes that never pause are looked at every five seconds', async () => {
    const { clock, window, fire } = open();
    for (let change = 0; change < 100; change += 1) {
      window.extend();
      await clock.advance(100);
    }
    expect(fire).toHaveBeenCalledTimes(2);
  });

  test('a closed window forgets', async () => {
    const { clock, window, fire } = open();
    window.extend();
    window.close();
    await clock.advance(10_000);
    expect(fire).not.toHaveBeenCalled();
  });
});
