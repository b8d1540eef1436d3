// What the reader of PromQL takes, what it refuses, and what it says about an expression.
import { describe, expect, test } from '@jest/globals';
import { readPromql } from './promql.ts';

describe('readPromql', () => {
  test('names series, matchers, the function around them, and labels of groups', () => {
    const needs = readPromql(
      'histogram_quantile(0.95, sum by (job, le) (rate(a_seconds_bucket{job=~"x|y", code!="OK"}[5m]))) > 10 and on (job) b == 1',
    );
    expect(needs.groupedBy).toEqual(['job', 'le', 'job']);
    expect(needs.series).toEqual([
      {
        metric: 'a_seconds_bucket',
        matchers: [
          { label: 'job', operator: '=~', value: 'x|y' },
          { label: 'code', operator: '!=', value: 'OK' },
        ],
        within: 'rate',
        hasRange: true,
      },
      { metric: 'b', matchers: [], within: undefined, hasRange: false },
    ]);
  });

  test.each([
    'up',
    'sum(a) by (b)',
    'topk(5, a)',
    'absent(up{job="x"} == 1)',
    '(a - b) / clamp_min(c, 1) > 0.2',
    'time() - a > 60 unless ignoring (b) c',
    'a * on (job) group_left (b) c',
  ])('takes %s', (text) => {
    expect(() => readPromql(text)).not.toThrow();
  });

  test.each([
    '',
    'a b',
    'sum by (b (a)',
    'rate(a)',
    'rate(a[5])',
    'a[5m]',
    'a{b}',
    "a{b='c'}",
    'a{b=~"("}',
    'rates(a[5m])',
    'histogram_quantile(a)',
    'a >',
    'a $ b',
  ])('refuses %s', (text) => {
    expect(() => readPromql(text)).toThrow();
  });
});
