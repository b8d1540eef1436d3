// The webhook's verdicts against the simulated API: rows 108 to 113 of the conformance table, and what it does beyond them.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { ANNOTATIONS } from '../annotations.ts';
import { problemsOfService } from '../load-balancer/desired.ts';
import { aService, annotate } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';
import type { Verdict } from './review.ts';
import { ServiceValidator } from './service-validator.ts';

const LIMIT_MS = 5_000;
let world: World;
let validator: ServiceValidator;

beforeEach(async () => {
  world = await aWorld();
  const { loadBalancers, certificates } = world.api;
  const vpcId = undefined;
  const config = { region: 'fra1', vpcId, clusterTag: 'k8s:c1', defaultType: 'REGIONAL_NETWORK' } as const;
  validator = new ServiceValidator({ loadBalancers, certificates, config, clock: world.clock, log: world.log });
});
afterEach(() => world.close());

const judge = (service: KubeService | undefined, old?: KubeService): Promise<Verdict> =>
  validator.judge({ uid: 'u', operation: '', about: 'shop/web', service, old }, LIMIT_MS, new AbortController().signal);

const calls = (): readonly string[] => world.cloud.calls.records.map(({ method, path }) => `${method} ${path}`);
const validations = (): readonly unknown[] =>
  world.cloud.calls.records
    .filter(({ method }) => method === 'POST' || method === 'PUT')
    .map(({ method, path, body }) => ({ method, path, body }));

/** A balancer of the account, made by the controller for this Service. */
async function balancerOf(service: KubeService): Promise<string> {
  world.cluster.put(service);
  await world.balancers.ensure(service, world.nodes(), new AbortController().signal);
  const id = [...world.cloud.state.loadBalancers.keys()].at(-1) ?? '';
  await world.clock.advance(5_000);
  return id;
}

const without = (uid: string): { uid: string } => ({ uid: `${uid}1111111-2222-4333-8444-555555555555` });
const relevant = { ports: [80, 8080] };

describe('Services that are nobody’s business', () => {
  test.each([
    { what: 'not a load balancer', service: aService({ spec: { type: 'ClusterIP' } }), says: 'not a load balancer' },
    {
      what: 'being deleted',
      service: aService({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, annotations: { sizeUnit: 'x' } }),
      says: 'being deleted',
    },
  ])('row 108: $what', async ({ service, says }) => {
    const message = `allowing service as it is ${says}`;
    expect(await judge(service)).toEqual({ isAllowed: true, message, warnings: [] });
    expect(calls()).toEqual([]);
  });

  test.each([
    { what: 'another load balancer class', service: aService({ spec: { loadBalancerClass: 'acme.example/lb' } }) },
    { what: 'a disowned balancer', service: aService({ annotations: { disown: 'true', sizeUnit: 'x' } }) },
  ])('$what is allowed without a call', async ({ service }) => {
    expect(await judge(service)).toMatchObject({ isAllowed: true });
    expect(calls()).toEqual([]);
  });

  test('from disowned to owned, everything is checked', async () => {
    await judge(aService(), aService({ annotations: { disown: 'true' } }));
    expect(calls()).toEqual(['POST /v2/load_balancers']);
  });
});

describe('what is wrong by itself', () => {
  test('row 109: a bad interval is denied with the words of the event, without a call', async () => {
    const service = aService({ annotations: { healthCheckInterval: 'abc', sizeUnit: '-1' } });
    const { isAllowed, message } = await judge(service);
    expect(isAllowed).toBe(false);
    expect(message).toBe(
      problemsOfService(service, { defaultType: 'REGIONAL' })
        .map((problem) => problem.message)
        .join('; '),
    );
    expect(message).toContain(
      `annotation ${ANNOTATIONS.healthCheckInterval.key}: "abc" is not allowed, use a whole number of seconds from 3 to 300`,
    );
    expect(calls()).toEqual([]);
  });

  test('what is doubtful is shown as a warning', async () => {
    const { isAllowed, warnings } = await judge(aService({ annotations: { healthCheckPath: '/x' } }));
    expect({ isAllowed, warnings }).toEqual({
      isAllowed: true,
      warnings: [expect.stringContaining('no effect without the annotation')],
    });
  });

  test('a Service that was wrong before can still be labelled, with a warning', async () => {
    const wrong = aService({ annotations: { sizeUnit: 'x' } });
    const labelled = { ...wrong, metadata: { ...wrong.metadata, labels: { app: 'web' } } };
    expect(await judge(labelled, wrong)).toEqual({
      isAllowed: true,
      message: 'new service has irrelevant changes',
      warnings: [expect.stringContaining('"x" is not allowed')],
    });
  });

  test('node ports that the API server has not given yet are no problem', async () => {
    const service = aService({ annotations: { type: 'REGIONAL' }, ports: [{ port: 80, nodePort: 0 }] });
    expect(await judge(service)).toMatchObject({ isAllowed: true });
  });
});

describe('what DigitalOcean says', () => {
  const path = '/v2/load_balancers';

  test.each([
    { what: 200, isAllowed: true, says: /^valid load balancer definition$/ },
    { what: 422, isAllowed: false, says: /^invalid load balancer definition: .* 422 .*entry port is invalid/ },
    { what: 404, isAllowed: false, says: /^invalid load balancer definition: .* 404/ },
    { what: 409, isAllowed: false, says: /^invalid load balancer definition: .* 409/ },
    { what: 500, isAllowed: true, says: /unexpected status code \(500\) from DO API/ },
  ])('row 110: $what', async ({ what, isAllowed, says }) => {
    const body = { id: 'x', message: 'entry port is invalid' };
    if (what !== 200) world.cloud.fail({ match: { path }, status: what, body });
    const verdict = await judge(aService());
    expect(verdict).toEqual({ isAllowed, message: expect.stringMatching(says), warnings: expect.anything() });
    expect(verdict.warnings).toHaveLength(what === 500 ? 1 : 0);
    expect(world.cloud.state.loadBalancers.size).toBe(0);
  });

  test('row 110 (ours: no response is a warning, not error 500)', async () => {
    world.cloud.fail({ match: { path }, kind: 'hang' });
    const asked = judge(aService());
    await waitFor(() => calls().length > 0, { what: 'the call' });
    await world.clock.advance(LIMIT_MS);
    const says = expect.stringContaining(`DigitalOcean did not answer within ${LIMIT_MS} ms`);
    expect(await asked).toEqual({ isAllowed: true, message: says, warnings: [says] });
    world.cloud.fail({ match: { path }, kind: 'drop-before' });
    expect(await judge(aService())).toMatchObject({
      isAllowed: true,
      warnings: [expect.stringContaining('no answer')],
    });
  });

  test('row 111 (ours: 429 is a warning)', async () => {
    world.cloud.fail({ match: { path }, status: 429, headers: { 'retry-after': '60' } });
    const says = expect.stringContaining("DigitalOcean's rate limit is reached");
    expect(await judge(aService())).toEqual({ isAllowed: true, message: says, warnings: [says] });
    // Now the client waits by itself, and the API server must not wait with it.
    const asked = judge(aService());
    await world.clock.advance(LIMIT_MS);
    expect(await asked).toMatchObject({ isAllowed: true });
    expect(calls()).toHaveLength(1);
  });

  test.each([401, 403])('a token that is answered with %i is not the user’s fault, but is logged', async (status) => {
    world.cloud.fail({ match: { path }, status });
    const says = expect.stringContaining("does not accept this server's API token");
    expect(await judge(aService())).toMatchObject({ isAllowed: true, warnings: [says] });
    expect(world.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(JSON.stringify(world.log.lines)).not.toContain(world.cloud.token);
  });

  test('an error page of something in between refuses nothing', async () => {
    world.cloud.fail({ match: { path }, kind: 'html', status: 404 });
    expect(await judge(aService())).toMatchObject({ isAllowed: true, warnings: [expect.stringContaining('404')] });
  });

  test('a certificate name that does not exist is denied', async () => {
    const annotations = { type: 'REGIONAL', tlsPorts: '443', certificateName: 'none' };
    const asked = judge(aService({ annotations, ports: [443] }));
    await waitFor(() => calls().length > 0, { what: 'the list' });
    expect(await asked).toMatchObject({ isAllowed: false, message: expect.stringContaining('"none" not found') });
    world.cloud.addCertificate({ name: 'web' });
    await world.clock.advance(60_000);
    const known = aService({ annotations: { ...annotations, certificateName: 'web' }, ports: [443] });
    expect(await judge(known)).toMatchObject({ isAllowed: true, warnings: [] });
  });
});

describe('other kinds of balancers', () => {
  test('a certificate of a port is looked up by its name', async () => {
    const annotations = { type: 'REGIONAL', tlsPorts: '443', portCertificates: '443:web' };
    const service = aService({ annotations, ports: [443] });
    expect(await judge(service)).toMatchObject({ isAllowed: false, message: expect.stringContaining('"web"') });
    const { id } = world.cloud.addCertificate({ name: 'web' });
    await world.clock.advance(60_000);
    expect(await judge(service)).toMatchObject({ isAllowed: true, warnings: [] });
    expect(validations()).toEqual([
      expect.objectContaining({
        body: expect.objectContaining({ forwarding_rules: [expect.objectContaining({ certificate_id: id })] }),
      }),
    ]);
  });

  test('a GLOBAL one is asked about without region and network', async () => {
    const annotations = { type: 'GLOBAL', globalTargetProtocol: 'http', globalTargetPort: '80' };
    const verdict = await judge(aService({ annotations }));
    expect(verdict.message).toBe('valid load balancer definition');
    const [{ body }] = validations() as [{ body: object }];
    expect(body).toMatchObject({ type: 'GLOBAL', validate_only: true });
    expect(body).not.toHaveProperty('region');
  });
});

describe('updates', () => {
  test('row 112: nothing but the ID or labels is different', async () => {
    const old = aService({ annotations: { loadBalancerId: 'a' } });
    const service = aService({ annotations: { loadBalancerId: 'b', claim: 'x' }, metadata: { labels: { a: 'b' } } });
    const annotated = { ...service, metadata: { ...service.metadata, annotations: annotate({ loadBalancerId: 'b' }) } };
    const message = 'new service has irrelevant changes';
    expect(await judge(annotated, old)).toEqual({ isAllowed: true, message, warnings: [] });
    expect(calls()).toEqual([]);
  });

  test.each([
    { what: 'ID in the old one only', old: 'A', now: undefined, target: 'A' },
    { what: 'ID in the new one only', old: undefined, now: 'B', target: 'B' },
    { what: 'different IDs', old: 'A', now: 'B', target: 'B' },
    { what: 'no ID', old: undefined, now: undefined, target: undefined },
  ])('row 113: $what', async ({ old, now, target }) => {
    const ids = {
      A: await balancerOf(aService(without('1'))),
      B: await balancerOf(aService({ name: 'other', ...without('2') })),
    };
    const pick = (name: string | undefined): Annotated => (name ? { loadBalancerId: ids[name as 'A' | 'B'] } : {});
    const uid = without(target === 'B' ? '2' : '1');
    const before = world.cloud.calls.total;
    const state = JSON.stringify([...world.cloud.state.loadBalancers]);
    const change = { ...relevant, annotations: pick(now) };
    const verdict = await judge(aService({ ...uid, ...change }), aService({ ...uid, annotations: pick(old) }));
    expect(verdict).toEqual({ isAllowed: true, message: 'valid load balancer definition', warnings: [] });
    const id = target && ids[target as 'A' | 'B'];
    const expected = id
      ? { method: 'PUT', path: `/v2/load_balancers/${id}` }
      : { method: 'POST', path: '/v2/load_balancers' };
    const asked = validations().slice(-1);
    expect(asked).toEqual([{ ...expected, body: expect.objectContaining({ validate_only: true, region: 'fra1' }) }]);
    expect((asked[0] as { body: object }).body).not.toHaveProperty('droplet_ids');
    expect(world.cloud.calls.total - before).toBe(id ? 2 : 1);
    expect(JSON.stringify([...world.cloud.state.loadBalancers])).toBe(state);
  });

  test('a type that cannot be changed is denied, with the way to a new balancer', async () => {
    const id = await balancerOf(aService());
    const old = aService({ annotations: { loadBalancerId: id, type: 'REGIONAL_NETWORK' } });
    const service = aService({ annotations: { loadBalancerId: id, type: 'REGIONAL' } });
    const { isAllowed, message } = await judge(service, old);
    expect(isAllowed).toBe(false);
    expect(message).toMatch(/asks for type REGIONAL, but .* which cannot be changed.*replace the balancer/);
    // That it was refused before does not hinder another change.
    expect(
      await judge(aService({ ...relevant, annotations: { loadBalancerId: id, type: 'REGIONAL' } }), service),
    ).toMatchObject({ isAllowed: true });
  });

  test('an ID that does not exist, or is somebody else’s, is denied; one that is gone is not the user’s fault', async () => {
    const gone = '00000000-1111-4222-8333-444444444444';
    const wrong = aService({ annotations: { loadBalancerId: gone } });
    expect(await judge(wrong)).toMatchObject({ isAllowed: false, message: expect.stringContaining('does not exist') });
    const foreign = await balancerOf(aService({ name: 'other', ...without('2') }));
    const taken = await judge(aService({ annotations: { loadBalancerId: foreign } }));
    expect(taken).toMatchObject({ isAllowed: false, message: expect.stringContaining('is left alone') });
    const changed = aService({ ...relevant, annotations: { loadBalancerId: gone } });
    expect(await judge(changed, wrong)).toMatchObject({ isAllowed: true });
    expect(calls().at(-1)).toBe('POST /v2/load_balancers');
  });

  test('a resize that comes too soon is a warning', async () => {
    const id = await balancerOf(aService());
    const path = `/v2/load_balancers/${id}`;
    world.cloud.fail({ match: { method: 'PUT', path }, status: 422, body: { id: 'x', message: 'resize too soon' } });
    const [old, service] = [{}, { sizeUnit: '3' }].map((size) =>
      aService({ annotations: { loadBalancerId: id, ...size } }),
    );
    expect(await judge(service, old)).toMatchObject({
      isAllowed: true,
      warnings: [expect.stringContaining('resized yet')],
    });
  });
});
