import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeConfigMap } from '../client/resource-type.ts';
import { keyOf } from '../client/resource-type.ts';
import { ObjectStore } from './object-store.ts';

const aMap = (name: string, values: readonly string[] = []): KubeConfigMap => ({
  metadata: { name },
  data: Object.fromEntries(values.map((value) => [value, ''])),
});
const byData = (object: KubeConfigMap): readonly string[] => Object.keys(object.data ?? {});

describe('ObjectStore', () => {
  test('files, moves and forgets objects under the values of an index', () => {
    const store = new ObjectStore({ data: byData });
    store.set('a', aMap('a', ['x', 'y']));
    store.set('b', aMap('b', ['x']));
    expect(store.byIndex('data', 'x').map(keyOf)).toEqual(['a', 'b']);
    store.set('a', aMap('a', ['y']));
    store.remove('b');
    expect(store.byIndex('data', 'x')).toEqual([]);
    expect(store.byIndex('data', 'y').map(keyOf)).toEqual(['a']);
  });

  test('an index that comes later knows what is there', () => {
    const store = new ObjectStore<KubeConfigMap>();
    store.set('a', aMap('a', ['x']));
    store.addIndex('data', byData);
    expect(store.byIndex('data', 'x').map(keyOf)).toEqual(['a']);
  });

  test('an index that was not declared is a mistake of the caller', () => {
    expect(() => new ObjectStore({ data: byData }).byIndex('date', 'x')).toThrow(
      'there is no index "date"; declared: data',
    );
  });

  test('agrees with a model after any sequence of writes', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const write = fc.record({ key, values: fc.option(fc.uniqueArray(fc.constantFrom('x', 'y', 'z'))) });
    fc.assert(
      fc.property(fc.array(write), (writes) => {
        const store = new ObjectStore({ data: byData });
        const model = new Map<string, KubeConfigMap>();
        for (const { key: name, values } of writes) {
          if (values === null) {
            store.remove(name);
            model.delete(name);
          } else {
            store.set(name, aMap(name, values));
            model.set(name, aMap(name, values));
          }
        }
        expect(new Set(store.list().map(keyOf))).toEqual(new Set(model.keys()));
        for (const value of ['x', 'y', 'z']) {
          const wanted = [...model.values()].filter((object) => byData(object).includes(value)).map(keyOf);
          expect(store.byIndex('data', value).map(keyOf).sort()).toEqual(wanted.sort());
        }
      }),
    );
  });
});
