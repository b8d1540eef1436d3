import { describe, expect, test } from '@jest/globals';
import { codesInUse, codesListed } from './error-codes.ts';

const used = (text: string): readonly string[] => codesInUse(new Map([['a.ts', text]])).codes;

describe('codesInUse', () => {
  test.each([
    {
      what: 'a code in its place',
      text: "throw new OperatorError('IT_FAILED', message, never);",
      codes: ['IT_FAILED'],
    },
    { what: 'a code on a line of its own', text: "new OperatorError(\n  'IT_FAILED',\n  m)", codes: ['IT_FAILED'] },
    { what: 'a code of one word', text: "super('USAGE', problems.join('; '), never);", codes: ['USAGE'] },
    {
      what: 'a code in a variable',
      text: "const code = isBad ? 'IT_IS_BAD' : 'IT_FAILED';",
      codes: ['IT_FAILED', 'IT_IS_BAD'],
    },
    { what: 'a code in a type', text: "type Code = 'IT_FAILED' | 'X509_BAD';", codes: ['IT_FAILED', 'X509_BAD'] },
    { what: 'no environment variable', text: "env['DO_ACCESS_TOKEN']", codes: [] },
    { what: 'no word of one part elsewhere', text: "{ type: 'REGIONAL', method: 'GET' }", codes: [] },
  ])('finds $what', ({ text, codes }) => {
    expect(used(text)).toEqual(codes);
  });

  test('reports a code that it cannot read', () => {
    const source =
      "new OperatorError(code, message, never); new OperatorError(`A_${b}`, m, never); new OperatorError('A_B', m, never)";
    expect(codesInUse(new Map([['a.ts', source]])).computed).toEqual(['a.ts: code', 'a.ts: `A_${b}`']);
  });

  test('reports a word that is on the list of exceptions in vain', () => {
    expect(codesInUse(new Map([['a.ts', "'NO_PROXY'"]])).stale).not.toContain('NO_PROXY');
    expect(codesInUse(new Map()).stale).toContain('NO_PROXY');
  });
});

test('codesListed reads the rows of tables and nothing else', () => {
  const document = '# `IN_A_TITLE`\n\n| code | where |\n|---|---|\n| `B_CODE` | x |\n| `USAGE` | `NOT_THIS` |\n';
  expect(codesListed(document)).toEqual(['B_CODE', 'USAGE']);
});
