// Dashboards and alert rules by themselves: readable, complete, and explained. That programs serve what they ask for, the int spec shows.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from '../test-results.ts';
import { parseExposition } from './exposition.ts';
import { VALUES_IN_SOURCES } from './known-values.ts';
import { alertRules, allMonitors, dashboards, problemsOf } from './monitors.ts';
import { readPromql } from './promql.ts';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const GUIDE = 'docs/guides/operations.md';

describe('alert rules', () => {
  test('have a name of their own, a severity, a summary, and a section of the guide', () => {
    const rules = alertRules();
    expect(rules.length).toBeGreaterThanOrEqual(30);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect({ alert, severity: labels['severity'] }).toEqual({
        alert,
        severity: expect.stringMatching(/^(critical|warning|info)$/),
      });
      expect({ alert, ...annotations }).toEqual({
        alert,
        summary: expect.stringMatching(/\S/),
        runbook: `${GUIDE}#${alert.toLowerCase()}`,
      });
    }
  });

  test('the guide explains each of them, and no other', () => {
    const text = read(GUIDE);
    const part = text.slice(text.indexOf('## Alerts'), text.indexOf('## Rights'));
    const headings = [...part.matchAll(/^#### (\w+)$/gm)].map(([, name]) => name);
    expect(headings.toSorted()).toEqual(
      alertRules()
        .map(({ alert }) => alert)
        .toSorted(),
    );
  });

  test('a summary shows only labels that the expression leaves', () => {
    for (const { alert, expr, annotations } of alertRules()) {
      const shown = [...(annotations['summary'] ?? '').matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? '');
      const isAggregated = /\b(?:sum|max|min)\b/.test(expr);
      const left = isAggregated ? readPromql(expr).groupedBy : [...shown, 'job', 'instance'];
      expect({ alert, missing: shown.filter((label) => !left.includes(label)) }).toEqual({ alert, missing: [] });
    }
  });
});

describe('dashboards', () => {
  test('are three, with an id, and panels that do not lie on one another', () => {
    const found = [...dashboards()];
    expect(found.map(([file]) => file)).toEqual([
      'capi-packet-manager.json',
      'cloud-controller-managers.json',
      'csi-packet.json',
    ]);
    for (const [file, { uid, panels }] of found) {
      expect(uid).toBe(uid.startsWith('longshore-') ? uid : '');
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`),
      );
      expect({ file, doubled: cells.length - new Set(cells).size }).toEqual({ file, doubled: 0 });
    }
  });

  // As kinds/dashboard/dashboard_kind.cue of Grafana has it, without which an import loses panels or asks nobody.
  test.each([...dashboards()])('%s has the form that Grafana imports', (_, dashboard) => {
    const { uid, title, schemaVersion, time, refresh, templating, panels } = dashboard;
    expect(uid).toMatch(/^[\w-]{8,40}$/);
    expect({ title, schemaVersion, time, refresh }).toEqual({
      title: expect.stringMatching(/\S/),
      schemaVersion: expect.any(Number),
      time: { from: expect.stringMatching(/^now-\d+[mhd]$/), to: 'now' },
      refresh: expect.stringMatching(/^\d+[smh]$/),
    });
    expect(templating.list.map(({ name, type }) => ({ name, type }))).toEqual([
      { name: 'datasource', type: 'datasource' },
      { name: 'job', type: 'custom' },
    ]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { id, title: heading, type, gridPos } of panels) {
      expect(Number.isInteger(id) && id > 0).toBe(true);
      expect({ heading, type }).toEqual({ heading, type: expect.stringMatching(/^(row|stat|timeseries)$/) });
      const { x, y, w, h } = gridPos;
      expect({ heading, fits: x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24 }).toEqual({ heading, fits: true });
    }
  });

  test.each([...dashboards()])(
    '%s asks the data source that its reader chooses, each query by a letter of its own',
    (_, dashboard) => {
      const chosen = { type: 'prometheus', uid: '${datasource}' };
      const [source] = dashboard.templating.list;
      expect(source?.query).toBe('prometheus');
      for (const { title, type, datasource, targets = [] } of dashboard.panels) {
        expect({ title, datasource }).toEqual({ title, datasource: type === 'row' ? undefined : chosen });
        expect(targets.map(({ datasource: asked }) => asked)).toEqual(targets.map(() => chosen));
        expect(targets.map(({ refId }) => refId)).toEqual(['A', 'B', 'C', 'D'].slice(0, targets.length));
        for (const { expr } of targets) {
          const named = [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name);
          expect({ title, named }).toEqual({
            title,
            named: named.filter((name) => /^(job|__rate_interval)$/.test(name ?? '')),
          });
        }
      }
    },
  );

  test('every panel but a heading asks for something', () => {
    for (const [, { panels }] of dashboards()) {
      for (const { title, type, targets = [] } of panels) {
        expect({ title, asks: targets.length > 0 }).toEqual({ title, asks: type !== 'row' });
      }
    }
  });
});

test('every metric that is asked for is in docs/metrics.md, or of a program that says so in its source', () => {
  const listed = new Set([...read('docs/metrics.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name));
  const asked = allMonitors().flatMap(({ expr }) => readPromql(expr).series.map(({ metric }) => metric));
  const unlisted = new Set(
    asked.filter((name) => !listed.has(name) && !listed.has(name.replace(/_(bucket|sum|count)$/, ''))),
  );
  // `up` is Prometheus's own. Calls of a cloud are listed for DigitalOcean, the others' differ in the name of the cloud.
  const ofClouds = [...unlisted].filter((name) => !/^up$|^cloudprovider_(packet|cloudscale)_api_request_/.test(name));
  expect(ofClouds).toEqual([]);
});

test.each(VALUES_IN_SOURCES)('the value %s is one of %s', (value, file) => {
  expect(read(file)).toMatch(new RegExp(`'${value}'|\\b${value}: \\d`));
});

test('an expression is held against what is served', () => {
  const served = parseExposition('# TYPE a gauge\na{state="ready"} 1\n# TYPE b_seconds histogram\nb_seconds_count 1\n');
  const problems = (expr: string): readonly string[] => problemsOf({ place: 'x', expr }, served, new Set());
  expect(problems('sum by (state) (a{state="ready"}) > 0 and on (job) up == 1')).toEqual([]);
  expect(problems('rate(b_seconds_bucket[5m])')).toEqual([]);
  expect(problems('a{state="raedy"}')).toEqual(['x: a: nobody knows state="raedy"']);
  expect(problems('b_seconds')).toEqual(['x: b_seconds is a histogram']);
  expect(problems('c')).toEqual(['x: nobody serves c']);
});
