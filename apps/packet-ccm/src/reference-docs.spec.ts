// docs/flags.md says what the code says. UPDATE_GOLDEN=1 rewrites the part of this program.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { flagsMarkdown, sectionOf, withSection } from '@longshore/k8s-runtime/testing';
import { ownFlags } from './flags.ts';

test('docs/flags.md lists the flags of packet-ccm', () => {
  const page = new URL('../../../docs/flags.md', import.meta.url);
  const wanted = flagsMarkdown(ownFlags);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, withSection(readFileSync(page, 'utf8'), 'packet-ccm', wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), 'packet-ccm')).toBe(wanted);
});
