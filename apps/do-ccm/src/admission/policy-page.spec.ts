import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ANNOTATIONS } from '../annotations.ts';
import type { Annotation } from '../annotations.ts';
import { integer, oneOf, text } from '../annotation-values.ts';
import { onlyOne, readManifests, textOf } from '../test-support/manifest-files.ts';
import { policyPage } from './policy-page.ts';
import { celOf, policyRules } from './policy-rules.ts';

const FILE = 'releases/validating-admission-policy.yml';

test('the manifest is that of the table (npm run docs writes it)', () => {
  expect(textOf(FILE)).toBe(policyPage());
});

describe('the manifest', () => {
  interface Spec {
    readonly failurePolicy: string;
    readonly policyName: string;
    readonly validations: readonly { readonly expression: string; readonly message: string }[];
  }
  const spec = (kind: string): Spec => onlyOne(FILE, kind)['spec'] as Spec;

  test('is a policy that blocks nothing when it fails, and its binding', () => {
    expect(readManifests(FILE)).toHaveLength(2);
    expect(spec('ValidatingAdmissionPolicy').failurePolicy).toBe('Ignore');
    expect(spec('ValidatingAdmissionPolicyBinding').policyName).toBe(
      onlyOne(FILE, 'ValidatingAdmissionPolicy').metadata.name,
    );
  });

  test('has a check for every annotation but those that take any text or only warn', () => {
    const texts = spec('ValidatingAdmissionPolicy').validations.map(({ message }) => message);
    const unchecked = Object.values<Annotation<unknown>>(ANNOTATIONS).filter(
      ({ key }) => !texts.some((message) => message.startsWith(`annotation ${key}:`)),
    );
    expect(unchecked.filter(({ kind, isForgiving }) => kind.shape.kind !== 'any' && !isForgiving)).toEqual([]);
    expect(texts).toHaveLength(policyRules().length);
    expect(texts.length).toBeGreaterThan(25);
  });

  // A message that has one is replaced by the API server.
  test('no message has a line break', () => {
    expect(policyRules().filter(({ message }) => message.includes('\n'))).toEqual([]);
  });

  test('a quote in a text survives YAML', () => {
    for (const { message } of policyRules()) expect(parse(`'${message.replaceAll("'", "''")}'`)).toBe(message);
  });
});

test.each([
  { kind: text('anything'), cel: undefined },
  { kind: oneOf(['a', 'b'], { isEmptyAbsent: false }), cel: 'v in ["a", "b"]' },
  { kind: oneOf(['a']), cel: 'v.trim() == "" || (v in ["a"])' },
  {
    kind: integer(2, 10),
    cel: 'v.trim().matches("^[+-]?[0-9]{1,9}$") && int(v.trim()) >= 2 && int(v.trim()) <= 10',
  },
])('$kind.values becomes $cel', ({ kind, cel }) => {
  expect(celOf(kind, 'v')).toBe(cel);
});
