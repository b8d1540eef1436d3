import { describe, expect, test } from '@jest/globals';
import { recordingLogger } from '@longshore/reconciler-core/testing';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { controllerNames } from './wiring-controllers.ts';
import { neededRights, reportMissingRights } from './wiring-rights.ts';
import type { RightsQuestion } from './wiring-rights.ts';

const lease = { namespace: 'kube-system', name: 'cloud-controller-manager' };
const all: RightsQuestion = { controllers: controllerNames, lease, isSplit: false };

const inWords = (question: RightsQuestion): readonly (readonly string[])[] =>
  neededRights(question).map(({ client, rights }) => [
    client ?? 'the program',
    ...rights.map(({ verb, resource, subresource }) => [verb, resource, subresource].filter(Boolean).join(' ')),
  ]);

describe('neededRights', () => {
  test('each right once', () => {
    expect(inWords(all)).toEqual([
      [
        'the program',
        'list nodes',
        'watch nodes',
        'list services',
        'watch services',
        'create events',
        'patch events',
        'create leases',
        'get leases',
        'update leases',
        'patch nodes',
        'patch nodes status',
        'get nodes',
        'delete nodes',
        'patch services status',
      ],
    ]);
  });

  test('a program that only does load balancers needs no write to nodes', () => {
    const controllers = controllerNames.filter(({ alias }) => alias === 'service');
    const following = ['list nodes', 'watch nodes', 'list services', 'watch services'];
    expect(inWords({ controllers, isSplit: false })).toEqual([
      ['the program', ...following, 'create events', 'patch events', 'patch services status'],
    ]);
  });

  test('what the provider writes is asked for too, as the program itself', () => {
    const annotations = { group: '', resource: 'services', verb: 'patch', neededFor: 'annotations of services' };
    expect(inWords({ ...all, ofProvider: [annotations] })[0]).toContain('patch services');
    const [program, ...accounts] = inWords({ ...all, ofProvider: [annotations], isSplit: true });
    expect(program).toContain('patch services');
    expect(accounts.flat()).not.toContain('patch services');
  });

  test('with an account for each controller their writes are theirs', () => {
    const accounts = inWords({ ...all, isSplit: true }).slice(1);
    expect(accounts).toEqual([
      ['node-controller', 'patch nodes', 'patch nodes status', 'get nodes', 'delete nodes'],
      ['service-controller', 'patch services status'],
      ['route-controller', 'patch nodes status'],
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
