// docs/flags.md says what the flag tables say. UPDATE_GOLDEN=1 rewrites the generated part.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  authenticationFlags,
  authorizationFlags,
  leaderFlags,
  servingFlags,
  webhookFlags,
} from '@longshore/k8s-runtime';
import { loggingFlags } from '@longshore/k8s-runtime/process';
import { flagsMarkdown, sectionOf, withSection } from '@longshore/k8s-runtime/testing';
import { ccmFlags } from './flags.ts';

const page = new URL('../../../docs/flags.md', import.meta.url);

test('docs/flags.md lists the flags of the controllers, the cloud and the API client', () => {
  const shared = {
    ...leaderFlags,
    ...servingFlags,
    ...authenticationFlags,
    ...authorizationFlags,
    ...webhookFlags,
    ...loggingFlags,
  };
  const own = Object.entries(ccmFlags).filter(([name]) => !(name in shared));
  const wanted = flagsMarkdown(Object.fromEntries(own));
  if (process.env['UPDATE_GOLDEN'])
    writeFileSync(page, withSection(readFileSync(page, 'utf8'), 'cloud-provider', wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), 'cloud-provider')).toBe(wanted);
});
