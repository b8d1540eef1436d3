// docs/flags.md and docs/metrics.md say what the code says. UPDATE_GOLDEN=1 rewrites the generated parts.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { FakeKubeClient } from '../client/fake/fake-kube-client.ts';
import { createEventRecorder } from '../events/queued-event-recorder.ts';
import { LeaseElector } from '../lease/lease-elector.ts';
import { leaderFlags } from '../lease/leader-flags.ts';
import { authenticationFlags, authorizationFlags } from '../serve/auth-flags.ts';
import { HealthChecks } from '../serve/health-checks.ts';
import { servingFlags } from '../serve/serving-flags.ts';
import { webhookFlags } from '../serve/webhook-flags.ts';
import { EventLoopLag } from './event-loop-lag.ts';
import { loggingFlags } from './logging-flags.ts';
import { PrometheusMetrics } from './metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { flagsMarkdown, MetricsCatalogue, sectionOf, withSection } from './reference-docs.ts';

function expectPage(name: string, section: string, wanted: string): void {
  const path = new URL(`../../../../docs/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, withSection(readFileSync(path, 'utf8'), section, wanted));
  expect(sectionOf(readFileSync(path, 'utf8'), section)).toBe(wanted);
}

describe('reference pages', () => {
  test('docs/flags.md lists the flags of this package', () => {
    const serving = { ...servingFlags, ...authenticationFlags, ...authorizationFlags, ...webhookFlags };
    const table = { ...leaderFlags, ...serving, ...loggingFlags };
    expectPage('flags.md', 'k8s-runtime', flagsMarkdown(table));
  });

  test('docs/metrics.md lists the metrics of process, election, events and health', () => {
    const metrics = new MetricsCatalogue();
    const common = { clock: systemClock, log: silentLogger, client: new FakeKubeClient(), metrics };
    const times = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
    addProcessMetrics(metrics, { version: 'v0.0.0' });
    new EventLoopLag({ ...common, limitMs: 1 });
    new LeaseElector({ ...common, ...times, namespace: 'a', name: 'b', identity: 'c' });
    createEventRecorder({ ...common, component: 'x' });
    new HealthChecks({ ...common, sliMetrics: metrics });
    expectPage('metrics.md', 'k8s-runtime/process', metrics.markdown());
  });

  test('the catalogue knows what a real registry knows', () => {
    const [catalogue, real] = [new MetricsCatalogue(), new PrometheusMetrics()];
    for (const metrics of [catalogue, real]) addProcessMetrics(metrics, { version: 'v0.0.0' });
    expect(catalogue.names()).toEqual(real.names());
  });

  test('a page without the section is a mistake', () => {
    expect(sectionOf('# x', 'a')).toBeUndefined();
    expect(() => withSection('# x', 'a', 'y')).toThrow('the page has no section a');
  });
});
