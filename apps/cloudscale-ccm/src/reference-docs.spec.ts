// The pages under docs/ say what the code says. `npm run docs` writes the page of annotations, UPDATE_GOLDEN=1 the parts of the others.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { flagsMarkdown, MetricsCatalogue, sectionOf, withSection } from '@longshore/k8s-runtime/testing';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { annotationsPage } from './annotation-docs.ts';
import { ANNOTATIONS } from './annotations.ts';
import { ownFlags } from './flags.ts';
import { MemberHealth } from './load-balancer/member-health.ts';

const pageAt = (name: string): URL => new URL(`../../../docs/${name}`, import.meta.url);

function expectPage(name: string, section: string, wanted: string): void {
  const page = pageAt(name);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, withSection(readFileSync(page, 'utf8'), section, wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), section)).toBe(wanted);
}

test('docs/flags.md lists the flags of cloudscale-ccm', () => {
  expectPage('flags.md', 'cloudscale-ccm', flagsMarkdown(ownFlags));
});

test('docs/metrics.md lists the metrics of cloudscale-ccm', () => {
  const metrics = new MetricsCatalogue();
  void new MemberHealth({ lists: {} as never, clock: systemClock, log: silentLogger, metrics });
  expectPage('metrics.md', 'cloudscale-ccm', metrics.markdown());
});

test('docs/annotations/cloudscale.md is up to date (npm run docs writes it)', () => {
  const page = readFileSync(pageAt('annotations/cloudscale.md'), 'utf8');
  // Prettier aligns the columns of tables; the words count.
  const words = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
  expect(words(page)).toBe(words(annotationsPage()));
  for (const { key } of Object.values(ANNOTATIONS)) expect(page).toContain(`\`${key}\``);
});
