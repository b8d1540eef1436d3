import { describe, expect, test } from '@jest/globals';
import { recordingLogger } from '@longshore/reconciler-core/testing';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { neededRights, reportMissingRights } from './wiring-rights.ts';
import type { RightsQuestion } from './wiring-rights.ts';

const all: RightsQuestion = {
  controllers: new Set([
    'cloud-node-controller',
    'cloud-node-lifecycle-controller',
    'service-lb-controller',
    'node-route-controller',
  ]),
  lease: { namespace: 'kube-system', name: 'cloud-controller-manager' },
};
const inWords = (question: RightsQuestion): readonly string[] =>
  neededRights(question).map(({ verb, resource, subresource }) =>
    [verb, resource, subresource].filter(Boolean).join(' '),
  );

describe('neededRights', () => {
  test('each right once', () => {
    const words = inWords(all);
    expect(new Set(words).size).toBe(words.length);
    expect(words).toEqual(
      expect.arrayContaining(['delete nodes', 'patch services status', 'patch nodes status', 'update leases']),
    );
  });

  test('a program that only does load balancers needs no write to nodes', () => {
    const words = inWords({ controllers: new Set(['service-lb-controller']) });
    expect(words).toEqual([
      'get nodes',
      'list nodes',
      'watch nodes',
      'list services',
      'watch services',
      'patch services status',
      'create events',
      'patch events',
    ]);
  });
});

describe('reportMissingRights', () => {
  test('I26 one clear error line for each missing verb, and nothing else', async () => {
    const client = new FakeKubeClient();
    client.isAllowed = ({ verb, resource, subresource }) =>
      !(verb === 'delete' && resource === 'nodes') && !(resource === 'services' && subresource === 'status');
    const log = recordingLogger(0);
    await reportMissingRights(all, { client, log }, new AbortController().signal);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      [
        'error',
        expect.stringMatching(
          /a permission is missing: may not delete nodes: needed for removing nodes whose machine is gone; add .*verbs \["delete"\]/,
        ),
      ],
      ['error', expect.stringMatching(/may not patch services\/status: needed for addresses and cleanup finalizers/)],
    ]);
  });

  test('I26 with all rights there is no line', async () => {
    const log = recordingLogger(0);
    await reportMissingRights(all, { client: new FakeKubeClient(), log }, new AbortController().signal);
    expect(log.lines).toEqual([]);
  });
});
