import { describe, expect, test } from '@jest/globals';
import { fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import { isGateOn, reportGates } from './wiring-gates.ts';

const ROUTES = 'CloudControllerManagerWatchBasedRoutesReconciliation';

describe('feature gates', () => {
  test.each([
    { gates: {}, isOn: false },
    { gates: { [ROUTES]: 'true' }, isOn: true },
    { gates: { [ROUTES]: 'T' }, isOn: true },
    { gates: { [ROUTES]: 'false' }, isOn: false },
  ])('$gates', ({ gates, isOn }) => {
    const metrics = fakeMetrics();
    reportGates(gates, { log: recordingLogger(), metrics });
    expect(isGateOn(gates, ROUTES)).toBe(isOn);
    expect(metrics.value('kubernetes_feature_enabled', { name: ROUTES, stage: 'ALPHA' })).toBe(isOn ? 1 : 0);
  });

  test('gates that mean nothing here are told and do no harm', () => {
    const log = recordingLogger();
    reportGates({ ContextualLogging: 'true', [ROUTES]: 'true' }, { log, metrics: fakeMetrics() });
    expect(log.lines.map(({ message, fields }) => [message, fields['gate']])).toEqual([
      ['feature gate has no effect', 'ContextualLogging'],
    ]);
  });
});
