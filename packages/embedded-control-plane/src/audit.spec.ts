import { expect, test } from '@jest/globals';
import { parseAuditLog, readAuditLog } from './audit.ts';

test.each([
  { text: '', verbs: [] },
  { text: '{"verb":"get"}\n', verbs: ['get'] },
  { text: '{"verb":"get"}\n{"verb":"list"}\n', verbs: ['get', 'list'] },
  { text: '{"verb":"get"}\n{"ve', verbs: ['get'] },
  { text: '{"ve', verbs: [] },
])('parseAuditLog takes complete lines: $text', ({ text, verbs }) => {
  expect(parseAuditLog(text).map(({ verb }) => verb)).toEqual(verbs);
});

test('a log that was never written is empty', async () => {
  expect(await readAuditLog('/nowhere/audit.log')).toEqual([]);
});
