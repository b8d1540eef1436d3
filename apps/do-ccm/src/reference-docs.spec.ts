// docs/flags.md and docs/metrics.md say what the code says. UPDATE_GOLDEN=1 rewrites the parts of this program.
import { test } from '@jest/globals';
import { flagsMarkdown, MetricsCatalogue } from '@longshore/k8s-runtime/testing';
import { systemClock } from '@longshore/reconciler-core';
import { measuredCalls } from './firewall/measured-calls.ts';
import { firewallMeter } from './firewall/reconcile-metrics.ts';
import { ownFlags } from './flags.ts';
import { expectPage } from './test-support/reference-page.ts';

test('docs/flags.md lists the flags of do-ccm', () => {
  expectPage('flags.md', 'do-ccm', flagsMarkdown(ownFlags));
});

test('docs/metrics.md lists the metrics of the public access firewall', () => {
  const metrics = new MetricsCatalogue();
  measuredCalls({} as never, metrics, systemClock);
  firewallMeter(metrics, systemClock);
  expectPage('metrics.md', 'do-ccm/firewall', metrics.markdown());
});
