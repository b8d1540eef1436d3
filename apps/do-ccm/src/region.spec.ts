// Where balancers are made.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DropletMetadata } from '@longshore/digitalocean-api';
import { aWorld } from './test-support/world.ts';
import type { World } from './test-support/world.ts';
import { determineRegion } from './region.ts';

const signal = new AbortController().signal;
let world: World;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

const determine = (configured?: string): Promise<string> =>
  determineRegion(
    configured,
    { regions: world.api.regions, metadata: new DropletMetadata({ baseUrl: world.cloud.url }) },
    signal,
  );

describe('determineRegion', () => {
  test('DO row 5 a region that exists is taken', async () => {
    expect(await determine('nyc3')).toBe('nyc3');
    expect(world.cloud.callsByRoute()).toEqual({ 'GET /v2/regions': 1 });
  });

  test('DO row 5 a region that does not exist ends the start, and those that do are named', async () => {
    await expect(determine('xyz')).rejects.toMatchObject({
      code: 'REGION_UNKNOWN',
      disposition: { retry: 'never' },
      message: expect.stringMatching(/^failed to determine region: invalid region specified: xyz; .*fra1/) as unknown,
    });
  });

  test('DO row 5 a region on the third page is found', async () => {
    const region = (slug: string): object => ({ slug, name: slug, available: true, features: [], sizes: [] });
    const next = (page: number): object => ({
      pages: { next: `${world.cloud.url}/v2/regions?page=${page}&per_page=1` },
    });
    const pages = [
      { regions: [region('a')], links: next(2), meta: { total: 3 } },
      { regions: [region('b')], links: next(3), meta: { total: 3 } },
      { regions: [region('zzz1')], links: {}, meta: { total: 3 } },
    ];
    for (const body of pages) world.cloud.fail({ match: { path: '/v2/regions' }, status: 200, body });
    expect(await determine('zzz1')).toBe('zzz1');
  });

  test('DO row 6 without a setting one question to the metadata service', async () => {
    expect(await determine()).toBe('fra1');
    expect(world.cloud.callsByRoute()).toEqual({ 'GET /metadata/v1/region': 1 });
  });

  test('DO row 6 no answer of the metadata service ends the start, and says what to set', async () => {
    world.cloud.fail({ match: { path: '/metadata/v1/region' }, status: 500 });
    await expect(determine()).rejects.toMatchObject({
      code: 'REGION_UNKNOWN',
      message: expect.stringContaining('set the environment variable REGION') as unknown,
    });
  });

  test('an API that cannot be asked ends the start, too', async () => {
    world.cloud.fail({ match: { path: '/v2/regions' }, status: 401 });
    await expect(determine('fra1')).rejects.toMatchObject({
      code: 'REGION_UNKNOWN',
      cause: { code: 'CLOUD_UNAUTHORIZED' },
    });
  });
});
