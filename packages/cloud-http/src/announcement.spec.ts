// Headers in which an API announces that a call will end.
import { describe, expect, test } from '@jest/globals';
import { noMetrics } from '@longshore/reconciler-core';
import { recordingLogger } from '@longshore/reconciler-core/testing';
import { CallReport } from './call-report.ts';
import { parseNothing } from './call.ts';
import type { Call } from './call.ts';

const call = (name: string): Call<undefined> => ({ method: 'GET', path: '/v1/things/7', name, parse: parseNothing });

describe('the end of a call', () => {
  test('is told once for each route, with what the headers say', () => {
    const log = recordingLogger();
    const report = new CallReport({ provider: 'testcloud', metrics: noMetrics, log });
    report.announcement(call('/v1/things/{id}'), { date: 'x' });
    for (let time = 0; time < 3; time += 1) {
      report.announcement(call('/v1/things/{id}'), {
        deprecation: '@1735689600',
        sunset: 'Tue, 30 Jun 2026 00:00:00 GMT',
      });
    }
    report.announcement(call('/v1/others'), { deprecation: 'true' });
    expect(log.lines.map(({ level, fields }) => ({ level, fields }))).toEqual([
      {
        level: 'warn',
        fields: {
          request: 'GET /v1/things/{id}',
          deprecation: '@1735689600',
          sunset: 'Tue, 30 Jun 2026 00:00:00 GMT',
        },
      },
      { level: 'warn', fields: { request: 'GET /v1/others', deprecation: 'true' } },
    ]);
  });
});
