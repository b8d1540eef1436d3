// Problems between the times of leader election.
import { describe, expect, test } from '@jest/globals';
import { parseFlags } from '../process/flags.ts';
import { checkLeaderFlags, leaderFlags, leaseTimes } from './leader-flags.ts';

const program = { program: 'x', version: '0', description: '', check: checkLeaderFlags };

function parse(...argv: string[]) {
  const parsed = parseFlags(leaderFlags, argv, program);
  if (parsed.kind !== 'run') throw new Error('asked to print');
  return parsed.values;
}

describe('leader flags', () => {
  test('the defaults are Kubernetes’', () => {
    expect(leaseTimes(parse())).toEqual({
      namespace: 'kube-system',
      name: 'cloud-controller-manager',
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
    });
  });

  test.each([
    {
      argv: ['--leader-elect-lease-duration=10s'],
      problem: '--leader-elect-lease-duration: "10s" must be more than --leader-elect-renew-deadline (10s)',
    },
    {
      argv: ['--leader-elect-retry-period=9s'],
      problem: '--leader-elect-renew-deadline: "10s" must be more than 1.2 times --leader-elect-retry-period (9s)',
    },
    { argv: ['--leader-elect-retry-period=0'], problem: '--leader-elect-retry-period: "0s" must be more than 0' },
    {
      argv: ['--leader-elect-resource-lock=configmaps'],
      problem: '--leader-elect-resource-lock: "configmaps" is not allowed; allowed: leases',
    },
    { argv: ['--leader-elect-resource-name='], problem: '--leader-elect-resource-name: "" must not be empty' },
  ])('$argv is refused', ({ argv, problem }) => {
    expect(() => parse(...argv)).toThrow(problem);
  });

  test('without election the times do not matter', () => {
    expect(parse('--leader-elect=false', '--leader-elect-retry-period=9s')['leader-elect']).toBe(false);
  });
});
