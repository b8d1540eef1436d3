// docs/flags.md and docs/metrics.md say what the code says. UPDATE_GOLDEN=1 rewrites the parts of this program.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { flagsMarkdown, MetricsCatalogue, sectionOf, withSection } from '@longshore/k8s-runtime/testing';
import { eipMeter } from './control-plane/eip-metrics.ts';
import { ownFlags } from './flags.ts';

function expectPage(name: string, wanted: string): void {
  const page = new URL(`../../../docs/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, withSection(readFileSync(page, 'utf8'), 'packet-ccm', wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), 'packet-ccm')).toBe(wanted);
}

test('docs/flags.md lists the flags of packet-ccm', () => {
  expectPage('flags.md', flagsMarkdown(ownFlags));
});

test('docs/metrics.md lists the metrics of packet-ccm', () => {
  const metrics = new MetricsCatalogue();
  eipMeter(metrics);
  expectPage('metrics.md', metrics.markdown());
});
