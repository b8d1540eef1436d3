import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';
import { objectsToYaml, toYaml } from './yaml-file.ts';

describe('toYaml', () => {
  test('comments stand before documents and fields', () => {
    const value = { kind: 'A', spec: { replicas: 1, list: [{ name: 'x' }, { name: 'y' }] } };
    const fieldComments = {
      'spec.replicas': 'how many\nor more',
      'spec.list.1': 'the second',
      'spec.list.0.name': 'a name',
    };
    expect(toYaml([{ value, comment: 'two\nlines', fieldComments }, { value: { kind: 'B' } }])).toBe(
      [
        '# two\n# lines\nkind: A\nspec:\n  # how many\n  # or more\n  replicas: 1\n  list:\n    - # a name\n      name: x',
        "\n    # the second\n    - name: 'y'\n---\nkind: B\n",
      ].join(''),
    );
  });

  test('a comment on a field that is not there is an error', () => {
    expect(() => toYaml([{ value: { a: {} }, fieldComments: { 'a.b': 'x' } }])).toThrow('there is no field a.b');
  });

  test.each([
    'on',
    'yes',
    'NO',
    '0123',
    '1e3',
    '12:30:45',
    '1_000',
    '~',
    'null',
    '.5',
    '0x1f',
    '2026-11-21',
    '<<',
    '=',
    "it's",
    ' x',
  ])('the text %p is a text for readers of YAML 1.1 and 1.2', (text) => {
    const written = objectsToYaml([{ key: text }]);
    expect(parse(written, { version: '1.1', merge: true })).toEqual({ key: text });
    expect(parse(written, { version: '1.2' })).toEqual({ key: text });
  });

  test('whatever goes in comes out, for readers of both versions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 3 })), {
          minLength: 1,
          maxLength: 3,
        }),
        (objects) => {
          const plain = JSON.parse(JSON.stringify(objects)) as object[];
          const written = objectsToYaml(plain);
          for (const version of ['1.1', '1.2'] as const) {
            expect(parseAllDocuments(written, { version }).map((document) => document.toJS() as unknown)).toEqual(
              plain,
            );
          }
        },
      ),
    );
  });
});
