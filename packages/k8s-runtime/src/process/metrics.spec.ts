// The metrics page.
import { describe, expect, test } from '@jest/globals';
import { PrometheusMetrics } from './metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';

describe('PrometheusMetrics', () => {
  test('counters, gauges and histograms appear with help, type and labels', async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter({ name: 'calls_total', help: 'Calls.', labels: ['code'] }).inc({ code: '200' }, 2);
    metrics.gauge({ name: 'depth', help: 'Depth.' }).set(4);
    metrics
      .histogram({ name: 'seconds', help: 'Time.', buckets: [1, 2], labels: ['verb'] })
      .observe(1.5, { verb: 'GET' });
    expect(await metrics.page()).toBe(
      [
        '# HELP calls_total Calls.',
        '# TYPE calls_total counter',
        'calls_total{code="200"} 2',
        '',
        '# HELP depth Depth.',
        '# TYPE depth gauge',
        'depth 4',
        '',
        '# HELP seconds Time.',
        '# TYPE seconds histogram',
        'seconds_bucket{le="1",verb="GET"} 0',
        'seconds_bucket{le="2",verb="GET"} 1',
        'seconds_bucket{le="+Inf",verb="GET"} 1',
        'seconds_sum{verb="GET"} 1.5',
        'seconds_count{verb="GET"} 1',
        '',
      ].join('\n'),
    );
  });

  test('asking twice for a name gives the same metric, as another kind is a mistake', async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter({ name: 'a_total', help: 'A.' }).inc();
    metrics.counter({ name: 'a_total', help: 'A.' }).inc();
    expect(await metrics.page()).toContain('a_total 2');
    expect(() => metrics.gauge({ name: 'a_total', help: 'A.' })).toThrow('a_total exists already as a counter');
  });

  test('a removed gauge value is gone', async () => {
    const metrics = new PrometheusMetrics();
    const gauge = metrics.gauge({ name: 'g', help: 'G.', labels: ['node'] });
    gauge.set(1, { node: 'a' });
    gauge.set(1, { node: 'b' });
    gauge.remove({ node: 'a' });
    expect(await metrics.page()).not.toContain('node="a"');
    expect(await metrics.page()).toContain('node="b"');
  });

  test('values can be computed at each scrape; a failing computation costs only itself', async () => {
    const metrics = new PrometheusMetrics();
    const gauge = metrics.gauge({ name: 'age', help: 'Age.' });
    metrics.onScrape(() => {
      throw new Error('no');
    });
    metrics.onScrape(() => gauge.set(7));
    const page = await metrics.page();
    expect(page).toContain('age 7');
    expect(page).toContain('longshore_scrape_errors_total 1');
  });

  test('reset sets all values back', async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter({ name: 'a_total', help: 'A.', labels: ['x'] }).inc({ x: '1' });
    metrics.reset();
    expect(await metrics.page()).not.toContain('x="1"');
  });
});

test('the metrics of process and build have the names that dashboards know', async () => {
  const metrics = new PrometheusMetrics();
  addProcessMetrics(metrics, { version: 'v0.1.0', gitCommit: 'abc' });
  const page = await metrics.page();
  const names = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(names).toEqual([
    'kubernetes_build_info',
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'process_virtual_memory_bytes',
    'process_open_fds',
    'process_max_fds',
    'process_cpu_seconds_total',
    'nodejs_heap_size_used_bytes',
    'nodejs_heap_size_total_bytes',
    'nodejs_external_memory_bytes',
    'registered_metrics_total',
    'disabled_metrics_total',
    'hidden_metrics_total',
  ]);
  expect(page).toMatch(/kubernetes_build_info\{major="0",minor="1",git_version="v0.1.0",git_commit="abc".*\} 1/);
  expect(page).toMatch(/process_resident_memory_bytes [1-9]\d{6,}/);
  expect(page).toMatch(/process_cpu_seconds_total 0*[\d.]+/);
  expect(page).toContain('registered_metrics_total{stability_level="ALPHA",deprecated_version=""} 13');
});
