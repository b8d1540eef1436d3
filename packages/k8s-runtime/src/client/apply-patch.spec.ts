import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyPatch, mergePatch } from './apply-patch.ts';

const node = {
  metadata: { name: 'n', labels: { a: '1' }, finalizers: ['f1', 'f2'] },
  spec: { taints: [{ key: 'k1' }] },
  status: { conditions: [{ type: 'Ready', status: 'True' }], addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
};

describe('merge patch', () => {
  // The examples of RFC 7386, appendix A.
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  test('leaves target and patch alone, and twice is like once', () => {
    const value = fc.jsonValue();
    fc.assert(
      fc.property(value, value, (target, patch) => {
        const before = JSON.stringify([target, patch]);
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect(JSON.stringify([target, patch])).toBe(before);
      }),
    );
  });
});

describe('strategic merge', () => {
  const strategic = (body: object): typeof node => applyPatch(node, { kind: 'strategic', body });

  test.each([
    {
      what: 'conditions merge by type',
      body: {
        status: {
          conditions: [
            { type: 'Other', status: 'False' },
            { type: 'Ready', reason: 'R' },
          ],
        },
      },
      path: 'status.conditions',
      is: [
        { type: 'Other', status: 'False' },
        { type: 'Ready', status: 'True', reason: 'R' },
      ],
    },
    {
      what: 'an item is deleted by its key',
      body: { status: { conditions: [{ $patch: 'delete', type: 'Ready' }] } },
      path: 'status.conditions',
      is: [],
    },
    {
      what: 'a list is replaced on demand',
      body: {
        status: {
          addresses: [
            { $patch: 'replace' },
            { type: 'InternalIP', address: 'x' },
            { type: 'InternalIP', address: 'y' },
          ],
        },
      },
      path: 'status.addresses',
      is: [
        { type: 'InternalIP', address: 'x' },
        { type: 'InternalIP', address: 'y' },
      ],
    },
    {
      what: 'an object is replaced on demand',
      body: { metadata: { labels: { $patch: 'replace', b: '2' } } },
      path: 'metadata.labels',
      is: { b: '2' },
    },
    {
      what: 'taints are one value',
      body: { spec: { taints: [{ key: 'k2' }] } },
      path: 'spec.taints',
      is: [{ key: 'k2' }],
    },
    {
      what: 'finalizers are a set',
      body: { metadata: { finalizers: ['f2', 'f3'] } },
      path: 'metadata.finalizers',
      is: ['f1', 'f2', 'f3'],
    },
    {
      what: 'a finalizer is taken away',
      body: { metadata: { '$deleteFromPrimitiveList/finalizers': ['f1'] } },
      path: 'metadata.finalizers',
      is: ['f2'],
    },
    {
      what: 'new members come first',
      body: { metadata: { finalizers: ['f3'] } },
      path: 'metadata.finalizers',
      is: ['f3', 'f1', 'f2'],
    },
    { what: 'null deletes', body: { metadata: { labels: { a: null } } }, path: 'metadata.labels', is: {} },
  ])('$what', ({ body, path, is }) => {
    expect(strategic(body)).toHaveProperty(path, is);
  });
});

describe('JSON patch', () => {
  const json = (...body: object[]): object =>
    applyPatch({ data: { 'a/b': '1', list: ['x', 'y'] } }, { kind: 'json', body });

  test.each([
    { operation: { op: 'replace', path: '/data/a~1b', value: '2' }, is: { 'a/b': '2', list: ['x', 'y'] } },
    { operation: { op: 'remove', path: '/data/list/0' }, is: { 'a/b': '1', list: ['y'] } },
    { operation: { op: 'add', path: '/data/list/-', value: 'z' }, is: { 'a/b': '1', list: ['x', 'y', 'z'] } },
    { operation: { op: 'add', path: '/data/list/1', value: 'z' }, is: { 'a/b': '1', list: ['x', 'z', 'y'] } },
    { operation: { op: 'replace', path: '/data/list/1', value: 'z' }, is: { 'a/b': '1', list: ['x', 'z'] } },
    { operation: { op: 'remove', path: '/data/list' }, is: { 'a/b': '1' } },
  ])('$operation', ({ operation, is }) => {
    expect(json(operation)).toEqual({ data: is });
  });

  test.each([
    { op: 'test', path: '/data/a~1b', value: 'other' },
    { op: 'remove', path: '/data/none' },
    { op: 'replace', path: '/none/at/all', value: 1 },
  ])('%j fails', (operation) => {
    expect(() => json(operation)).toThrow('json patch');
  });
});
