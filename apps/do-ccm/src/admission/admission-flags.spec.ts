// docs/flags.md lists the flags of the command. UPDATE_GOLDEN=1 rewrites them.
import { expect, test } from '@jest/globals';
import { flagsMarkdown, sectionOf, withSection } from '@longshore/k8s-runtime/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { admissionFlags } from './admission-flags.ts';

const page = new URL('../../../../docs/flags.md', import.meta.url);

test('docs/flags.md lists the flags of the admission server', () => {
  const wanted = flagsMarkdown(admissionFlags);
  const section = 'do-ccm/admission';
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, withSection(readFileSync(page, 'utf8'), section, wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), section)).toBe(wanted);
});
