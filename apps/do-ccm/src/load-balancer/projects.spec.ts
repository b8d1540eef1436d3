// The project of a balancer: given with the creation, changed by a call of its own, and left alone where nobody asks for one.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LoadBalancerResult } from '@longshore/cloud-provider';
import { annotate, aService } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';

const signal = new AbortController().signal;
const MOVE = 'POST /v2/projects/{id}/resources';
let world: World;
let project: string;

beforeEach(async () => {
  world = await aWorld();
  project = world.cloud.addProject('shops').id;
});
afterEach(async () => {
  expect(world.cloud.schemaProblems).toEqual([]);
  await world.close();
});

const only = (): Readonly<Record<string, unknown>> => {
  expect(world.cloud.state.loadBalancers.size).toBe(1);
  return [...world.cloud.state.loadBalancers.values()][0] as never;
};
const ensure = (): Promise<LoadBalancerResult> =>
  world.balancers.ensure(world.cluster.get('web'), world.nodes(), signal);

async function ready(annotations: Annotated = {}): Promise<LoadBalancerResult> {
  const known = world.cluster.services.list()[0]?.metadata?.annotations ?? {};
  world.cluster.put(aService({ metadata: { annotations: { ...known, ...annotate(annotations) } } }));
  await ensure();
  await world.clock.advance(11_000);
  return ensure();
}

describe('project', () => {
  test('a new balancer is made in it, without a second call', async () => {
    await ready({ projectId: project });
    expect(only()).toMatchObject({ project_id: project });
    expect(world.cloud.callsByRoute()).not.toHaveProperty(MOVE);
  });

  test('an existing one is moved once, and told', async () => {
    await ready();
    const first = world.cluster.get('web');
    world.cluster.put({
      ...first,
      metadata: {
        ...first.metadata,
        annotations: { ...first.metadata?.annotations, ...annotate({ projectId: project }) },
      },
    });
    world.cloud.calls.clear();
    expect(await ensure()).toMatchObject({ changes: [expect.stringContaining(`to project ${project}`) as unknown] });
    expect(only()).toMatchObject({ project_id: project });
    expect(await ensure()).toMatchObject({ kind: 'ready', changes: [] });
    expect(world.cloud.callsByRoute()).toEqual({ [MOVE]: 1 });
  });

  test('a move by hand stays where no annotation asks for a project, also when something else changes', async () => {
    await ready();
    world.cloud.updateLoadBalancer(String(only()['id']), { project_id: project });
    await world.clock.advance(60_000);
    await ready({ proxyProtocol: 'true' });
    expect(only()).toMatchObject({ project_id: project, enable_proxy_protocol: true });
    expect(world.cloud.callsByRoute()).not.toHaveProperty(MOVE);
  });

  test.each(['drop-after', 'drop-before', 'html'] as const)(
    'the answer to the move is lost (%s): it is done in the end',
    async (kind) => {
      await ready();
      world.cloud.fail({ match: { path: /^\/v2\/projects/ }, kind });
      world.cluster.put(
        aService({
          metadata: {
            annotations: { ...world.cluster.get('web').metadata?.annotations, ...annotate({ projectId: project }) },
          },
        }),
      );
      await expect(ensure()).rejects.toThrow();
      await world.clock.advance(11_000);
      expect(await ensure()).toMatchObject({ kind: 'ready' });
      expect(only()).toMatchObject({ project_id: project });
    },
  );

  test('a project that does not exist is told, after everything else was done', async () => {
    await ready();
    const nowhere = '00000000-0000-4000-8000-00000000dead';
    const wish = annotate({ projectId: nowhere, proxyProtocol: 'true' });
    world.cluster.put(
      aService({ metadata: { annotations: { ...world.cluster.get('web').metadata?.annotations, ...wish } } }),
    );
    await expect(ensure()).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND', disposition: { retry: 'on-change' } });
    expect(only()).toMatchObject({ enable_proxy_protocol: true });
  });
});

describe('cipher policy', () => {
  test('is set, kept when nobody asks, and changed', async () => {
    await ready({ type: 'REGIONAL', tlsCipherPolicy: 'STRONG' });
    expect(only()).toMatchObject({ tls_cipher_policy: 'STRONG' });
    expect(await ready({ type: 'REGIONAL', tlsCipherPolicy: 'DEFAULT' })).toMatchObject({ kind: 'ready' });
    expect(only()).toMatchObject({ tls_cipher_policy: 'DEFAULT' });
  });
});
