import { describe, expect, test } from '@jest/globals';
import { findMissingRights, toFinding } from './access-review.ts';
import type { NeededRight } from './access-review.ts';
import { FakeKubeClient } from './fake/fake-kube-client.ts';

const right = (resource: string, verb: string, rest: Partial<NeededRight> = {}): NeededRight => ({
  group: '',
  resource,
  verb,
  neededFor: `using ${resource}`,
  ...rest,
});
const { signal } = new AbortController();

describe('findMissingRights', () => {
  test('one clear line per missing verb, in the order given', async () => {
    const api = new FakeKubeClient();
    api.isAllowed = ({ verb }) => verb === 'get';
    const needed = [
      right('nodes', 'delete', { neededFor: 'removing nodes whose server is gone' }),
      right('nodes', 'get'),
      right('services', 'patch', { subresource: 'status' }),
      right('leases', 'update', { group: 'coordination.k8s.io', namespace: 'kube-system', name: 'ccm' }),
    ];
    expect(await findMissingRights(api, needed, signal)).toEqual([
      {
        right: needed[0],
        finding: 'missing',
        message:
          'may not delete nodes: needed for removing nodes whose server is gone; add to the ClusterRole: apiGroups [""], resources ["nodes"], verbs ["delete"]',
      },
      {
        right: needed[2],
        finding: 'missing',
        message:
          'may not patch services/status: needed for using services; add to the ClusterRole: apiGroups [""], resources ["services/status"], verbs ["patch"]',
      },
      {
        right: needed[3],
        finding: 'missing',
        message:
          'may not update leases ccm in kube-system: needed for using leases; add to the Role in kube-system: apiGroups ["coordination.k8s.io"], resources ["leases"], resourceNames ["ccm"], verbs ["update"]',
      },
    ]);
  });

  test('a question that cannot be asked is unknown, never missing', async () => {
    const api = new FakeKubeClient();
    api.fail({ verb: 'raw' });
    const findings = await findMissingRights(api, [right('nodes', 'get')], signal);
    expect(findings).toMatchObject([
      { finding: 'unknown', message: expect.stringContaining('cannot find out whether we may get nodes: ') },
    ]);
  });

  test('ends with its signal', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(findMissingRights(new FakeKubeClient(), [right('nodes', 'get')], stop.signal)).rejects.toThrow(
      'enough',
    );
  });
});

test.each([
  { answer: { status: 201, body: '{"status":{"allowed":true}}' }, finding: undefined },
  { answer: { status: 201, body: '{"status":{"allowed":false}}' }, finding: 'missing' },
  { answer: { status: 201, body: '{"status":{}}' }, finding: 'unknown' },
  { answer: { status: 403, body: '' }, finding: 'unknown' },
])('$answer.status $answer.body: $finding', ({ answer, finding }) => {
  expect(toFinding(right('nodes', 'get'), answer)?.finding).toBe(finding);
});
