// A page under docs/ against what the code says. UPDATE_GOLDEN=1 rewrites the part of the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { sectionOf, withSection } from '@longshore/k8s-runtime/testing';

/** Expects the generated section of `docs/<name>` to be `wanted`. */
export function expectPage(name: string, section: string, wanted: string): void {
  const page = new URL(`../../../../docs/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, withSection(readFileSync(page, 'utf8'), section, wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), section)).toBe(wanted);
}
