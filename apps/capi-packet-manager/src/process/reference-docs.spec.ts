// docs/flags.md and docs/metrics.md say what the code says. UPDATE_GOLDEN=1 rewrites the parts of the manager.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { flagsMarkdown, MetricsCatalogue, sectionOf, withSection } from '@longshore/k8s-runtime/testing';
import { systemClock } from '@longshore/reconciler-core';
import { serverMeter } from '../servers/server-metrics.ts';
import { managerFlags } from './flags.ts';
import { addMachineMetrics } from './machine-metrics.ts';

const PART = 'capi-packet-manager';

function expectPage(name: string, wanted: string): void {
  const page = new URL(`../../../../docs/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(page, withSection(readFileSync(page, 'utf8'), PART, wanted));
  expect(sectionOf(readFileSync(page, 'utf8'), PART)).toBe(wanted);
}

test('docs/flags.md lists the flags of the manager', () => {
  expectPage('flags.md', flagsMarkdown(managerFlags));
});

test('docs/metrics.md lists the metrics of the manager', () => {
  const metrics = new MetricsCatalogue();
  addMachineMetrics({ list: () => [], subscribe: () => () => {} }, { metrics, clock: systemClock });
  serverMeter(metrics, () => ({ devices: [], strays: [], nowMs: 0 }));
  expectPage('metrics.md', metrics.markdown());
});
