import { describe, expect, test } from '@jest/globals';
import { keyOfQuery, nextFromLinks, planNextPage } from './paging.ts';

describe('nextFromLinks', () => {
  test.each([
    {
      when: 'there is a next page',
      body: { links: { pages: { next: 'https://x/v2/a?page=2' } } },
      next: 'https://x/v2/a?page=2',
    },
    { when: 'there is one page', body: { links: {} }, next: undefined },
    { when: 'it is the last page', body: { links: { pages: { prev: 'https://x/v2/a?page=1' } } }, next: undefined },
    { when: 'the link is empty', body: { links: { pages: { next: '' } } }, next: undefined },
    { when: 'links are null', body: { links: null }, next: undefined },
    { when: 'the body is no object', body: 'x', next: undefined },
  ])('$when', ({ body, next }) => {
    expect(nextFromLinks(body)).toBe(next);
  });
});

describe('planNextPage', () => {
  const first = { page: 1, per_page: 200, name: 'a' };
  const visited = new Set([keyOfQuery(first)]);

  test('ends without a link', () => {
    expect(planNextPage(first, undefined, visited)).toEqual({ kind: 'end' });
  });

  test('takes page and size from the link and keeps our filter, which the link may have dropped', () => {
    const next = planNextPage(first, 'https://api.example.com/v2/droplets?page=2&per_page=200', visited);
    expect(next).toEqual({ kind: 'page', query: { page: '2', per_page: '200', name: 'a' } });
  });

  test('takes the query of a relative link', () => {
    expect(planNextPage({}, '/devices?page=2', new Set())).toEqual({ kind: 'page', query: { page: '2' } });
  });

  test('notices a link that leads back', () => {
    const link = 'https://x/v2/droplets?per_page=200&page=1&name=a';
    expect(planNextPage({ ...first, page: 2 }, link, visited)).toEqual({ kind: 'loop' });
  });
});

test('keyOfQuery knows neither order nor type', () => {
  expect(keyOfQuery({ a: 1, b: 'x', c: undefined })).toBe(keyOfQuery({ b: 'x', a: '1' }));
});
