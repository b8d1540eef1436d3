import type { Change } from '@longshore/reconciler-core';
import { describe, expect, test } from '@jest/globals';
import { ChangeFeed } from './change-feed.ts';

const added = (object: string): Change<string> => ({ kind: 'added', object });

function recorder(): { readonly told: string[]; readonly listen: (change: Change<string>) => void } {
  const told: string[] = [];
  return { told, listen: (change) => void told.push(`${change.kind} ${change.object}`) };
}

describe('ChangeFeed', () => {
  test('a listener that throws costs the others nothing', () => {
    const errors: unknown[] = [];
    const feed = new ChangeFeed<string>((error) => void errors.push(error));
    const calm = recorder();
    feed.subscribe(() => {
      throw new Error('bad listener');
    }, []);
    feed.subscribe(calm.listen, []);
    feed.emit(added('a'));
    feed.emit(added('b'));
    expect(calm.told).toEqual(['added a', 'added b']);
    expect(errors).toEqual([new Error('bad listener'), new Error('bad listener')]);
  });

  test('a late listener first gets what is there', () => {
    const feed = new ChangeFeed<string>(() => {});
    const late = recorder();
    feed.subscribe(late.listen, ['a', 'b']);
    feed.emit(added('c'));
    expect(late.told).toEqual(['added a', 'added b', 'added c']);
  });

  test('a listener that subscribes another while it is told does not make it hear the change twice', () => {
    const feed = new ChangeFeed<string>(() => {});
    const inner = recorder();
    const stop = feed.subscribe(() => {
      stop();
      feed.subscribe(inner.listen, ['a']);
    }, []);
    feed.emit(added('a'));
    feed.emit(added('b'));
    expect(inner.told).toEqual(['added a', 'added b']);
  });

  test('one function subscribed twice is two listeners', () => {
    const feed = new ChangeFeed<string>(() => {});
    const both = recorder();
    const stop = feed.subscribe(both.listen, []);
    feed.subscribe(both.listen, []);
    stop();
    stop();
    feed.emit(added('a'));
    expect(both.told).toEqual(['added a']);
  });
});
