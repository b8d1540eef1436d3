// docs/flags.md and docs/metrics.md say what the code says. UPDATE_GOLDEN=1 rewrites the parts of this program.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { flagsMarkdown, MetricsCatalogue, sectionOf, withSection } from '@longshore/k8s-runtime/testing';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { observeCalls } from './server/observe-calls.ts';
import { driverFlags } from './settings/flags.ts';

function expectPage(name: string, wanted: string): void {
  const page = new URL(`../../../docs/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, withSection(readFileSync(page, 'utf8'), 'csi-packet', wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), 'csi-packet')).toBe(wanted);
}

test('docs/flags.md lists the flags of csi-packet', () => {
  expectPage('flags.md', flagsMarkdown(driverFlags));
});

test('docs/metrics.md lists the metrics of csi-packet', () => {
  const metrics = new MetricsCatalogue();
  observeCalls({ driverName: 'net.packet.csi', clock: systemClock, log: silentLogger, metrics });
  expectPage('metrics.md', metrics.markdown());
});
