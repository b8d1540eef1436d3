// What Prometheus itself says of the alert rules and of the dashboards' expressions, and whether alerts fire when they should: alerts.test.yaml.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { operationsFolder } from './monitors.ts';
import { dashboardRules, promtool, promtoolProblem } from './promtool.ts';

const problem = promtoolProblem();

if (problem !== undefined) {
  test.skip(`alert rules and dashboards by promtool (skipped: ${problem})`, () => {});
} else {
  describe('promtool', () => {
    const alerts = path.join(operationsFolder, 'alerts');
    let folder: string;

    beforeAll(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'promtool-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const check = (text: string): ReturnType<typeof promtool> => {
      const file = path.join(folder, 'rules.yaml');
      writeFileSync(file, text);
      return promtool('check', 'rules', file);
    };

    test.each(readdirSync(alerts))('reads the alert rules of %s', (file) => {
      const { code, said } = promtool('check', 'rules', path.join(alerts, file));
      expect(`${said}\nexit code ${code}`).toMatch(/SUCCESS: \d+ rules found[^]*exit code 0$/);
    });

    test('reads every expression of the dashboards', () => {
      const { code, said } = check(dashboardRules());
      expect(`${said}\nexit code ${code}`).toMatch(/SUCCESS: [5-9]\d rules found[^]*exit code 0$/);
    });

    test('finds an expression that is none', () => {
      expect(check(dashboardRules().replace('sum by (', 'sum bye (')).code).not.toBe(0);
    });

    test('alerts fire when they should, and only then', () => {
      const { code, said } = promtool('test', 'rules', path.join(import.meta.dirname, 'alerts.test.yaml'));
      expect(`${said}\nexit code ${code}`).toMatch(/SUCCESS[^]*exit code 0$/);
    });
  });
}
