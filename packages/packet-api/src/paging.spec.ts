// Which page comes next, as a table, and whole lists from endpoints of all kinds.
import { describe, expect, test } from '@jest/globals';
import { createPacketApi } from './packet-api.ts';
import type { ProjectId } from './ids.ts';
import { parsePageMeta, planAfterPage } from './paging.ts';
import type { PageMeta, PageRead } from './paging.ts';
import { idOf, PROJECT } from './test-support/samples.ts';
import { startStub } from './test-support/stub-server.ts';
import type { StubAnswer, StubRequest } from './test-support/stub-server.ts';

const signal = new AbortController().signal;

function meta(overrides: Partial<PageMeta> = {}): PageMeta {
  return { total: 25, currentPage: 1, lastPage: 3, hasNext: true, ...overrides };
}

function read(overrides: Partial<PageRead> = {}): PageRead {
  return { page: 1, pageSize: 10, items: 10, newItems: 10, received: 10, meta: meta(), ...overrides };
}

describe('planAfterPage', () => {
  test.each<{ when: string; read: PageRead; next: object }>([
    { when: 'there are more', read: read(), next: { kind: 'page', page: 2 } },
    {
      when: 'it was the last',
      read: read({ page: 3, received: 25, meta: meta({ currentPage: 3, hasNext: false }) }),
      next: { kind: 'end' },
    },
    {
      when: 'the link is there although the numbers say end',
      read: read({ page: 3, received: 25, meta: meta({ currentPage: 3 }) }),
      next: { kind: 'end' },
    },
    {
      when: 'the link is missing although the numbers say more',
      read: read({ meta: meta({ hasNext: false }) }),
      next: { kind: 'incomplete' },
    },
    {
      when: 'fewer came than the total',
      read: read({ page: 3, received: 24, meta: meta({ currentPage: 3, hasNext: false }) }),
      next: { kind: 'incomplete' },
    },
    {
      when: 'more came than the total, as somebody deleted meanwhile',
      read: read({ page: 3, received: 26, meta: meta({ currentPage: 3, hasNext: false }) }),
      next: { kind: 'end' },
    },
    { when: 'another page came than was asked for', read: read({ page: 2 }), next: { kind: 'incomplete' } },
    {
      when: 'there is no meta and the page is not full',
      read: read({ items: 9, meta: undefined }),
      next: { kind: 'end' },
    },
    { when: 'there is no meta and the page is full', read: read({ meta: undefined }), next: { kind: 'page', page: 2 } },
    {
      when: 'there is no meta and a full page brought nothing new',
      read: read({ page: 2, newItems: 0, received: 20, meta: undefined }),
      next: { kind: 'end' },
    },
    {
      when: 'more are announced without numbers',
      read: read({ items: 3, meta: meta({ currentPage: undefined }) }),
      next: { kind: 'page', page: 2 },
    },
    {
      when: 'more are announced without numbers and nothing new came',
      read: read({ page: 2, newItems: 0, meta: meta({ currentPage: undefined }) }),
      next: { kind: 'incomplete' },
    },
  ])('when $when', ({ read: page, next }) => {
    expect(planAfterPage(page)).toMatchObject(next);
  });

  test.each([
    { body: {}, found: undefined },
    { body: { meta: null }, found: undefined },
    {
      body: { meta: { next: { href: '/x?page=2' }, total: 3, current_page: 1, last_page: 2 } },
      found: { total: 3, currentPage: 1, lastPage: 2, hasNext: true },
    },
    {
      body: { meta: { next: null, total: '3' } },
      found: { total: 3, currentPage: undefined, lastPage: undefined, hasNext: false },
    },
  ])('meta of $body', ({ body, found }) => {
    expect(parsePageMeta(body)).toEqual(found);
  });
});

function project(number: number): object {
  return { ...PROJECT, id: idOf(number), name: `p${number}` };
}

async function listFrom(answer: (request: StubRequest, count: number) => StubAnswer) {
  const stub = await startStub(answer);
  const api = createPacketApi({ baseUrl: `${stub.url}/metal/v1`, token: () => 'k', userAgent: 't', maxAttempts: 1 });
  try {
    const names = (await api.projects.list(signal)).map(({ name }) => name);
    return { names, asked: stub.requests.map(({ path }) => path) };
  } finally {
    api.http.close();
    await stub.close();
  }
}

describe('lists', () => {
  test('the link of the next page is not followed, only its being there counts', async () => {
    const { names, asked } = await listFrom((_, count) => ({
      json: {
        projects: [project(count)],
        meta: {
          total: 2,
          current_page: count,
          last_page: 2,
          next: count < 2 ? { href: 'https://evil.example.com/projects?page=9' } : null,
        },
      },
    }));
    expect(names).toEqual(['p1', 'p2']);
    expect(asked).toEqual(['/metal/v1/projects?per_page=250', '/metal/v1/projects?page=2&per_page=250']);
  });

  test('an object that comes on two pages is one', async () => {
    const { names } = await listFrom((_, count) => ({
      json: {
        projects: [project(count), project(2)],
        meta: { total: 3, current_page: count, last_page: 2, next: count < 2 ? { href: 'x' } : null },
      },
    }));
    expect(names).toEqual(['p1', 'p2']);
  });

  test('an endpoint without pages gives all at once', async () => {
    const all = Array.from({ length: 300 }, (_, index) => project(index));
    const { names, asked } = await listFrom(() => ({ json: { projects: all } }));
    expect([names.length, asked.length]).toEqual([300, 2]);
  });

  test.each<{ when: string; answer: StubAnswer }>([
    {
      when: 'always the first page',
      answer: {
        json: { projects: [project(1)], meta: { total: 2, current_page: 1, last_page: 2, next: { href: 'x' } } },
      },
    },
    {
      when: 'fewer than the total',
      answer: { json: { projects: [project(1)], meta: { total: 2, current_page: 1, last_page: 1 } } },
    },
    { when: 'no list at all', answer: { json: { message: 'hello' } } },
    { when: 'nothing', answer: {} },
    { when: 'half a body', answer: { text: '{"projects":[' } },
  ])('when there is $when, it is an error and not a short list', async ({ answer }) => {
    await expect(listFrom(() => answer)).rejects.toMatchObject({ code: 'CLOUD_UNREADABLE_ANSWER' });
  });

  test('events stop at the limit', async () => {
    const stub = await startStub((_, count) => ({
      json: {
        events: [{ id: idOf(2 * count) }, { id: idOf(2 * count + 1) }],
        meta: { total: 1000, current_page: count, last_page: 500, next: { href: 'x' } },
      },
    }));
    const api = createPacketApi({ baseUrl: stub.url, token: () => 'k', userAgent: 't' });
    expect(await api.events.list({ project: idOf(1) as ProjectId }, signal, 3)).toHaveLength(3);
    expect(stub.requests).toHaveLength(2);
    api.http.close();
    await stub.close();
  });
});
