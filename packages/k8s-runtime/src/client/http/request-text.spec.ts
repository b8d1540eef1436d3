// What goes over the wire, and what is refused before anything does.
import { expect, test } from '@jest/globals';
import { RequestWriter } from './request-text.ts';

const server = new URL('https://[fd00::1]:6443/k8s/');

test('a call without a body', () => {
  const text = new RequestWriter(server).write({
    method: 'GET',
    path: '/api?x=1',
    headers: { accept: 'a', group: ['1', '2'] },
  });
  expect(text).toBe('GET /k8s/api?x=1 HTTP/1.1\r\nhost: [fd00::1]:6443\r\naccept: a\r\ngroup: 1\r\ngroup: 2\r\n\r\n');
});

test('a body is counted in bytes', () => {
  const text = new RequestWriter(server).write({ method: 'PUT', path: '/', headers: {}, body: '{"ü":1}' });
  expect(text).toBe('PUT /k8s/ HTTP/1.1\r\nhost: [fd00::1]:6443\r\ncontent-length: 8\r\n\r\n{"ü":1}');
});

test('a proxy of a server without TLS gets the whole address and its credentials', () => {
  const writer = new RequestWriter(new URL('http://kube.example'), 'http://me:se%40cret@proxy.example:3128');
  const credentials = Buffer.from('me:se@cret').toString('base64');
  expect(writer.write({ method: 'GET', path: '/api', headers: {} })).toBe(
    `GET http://kube.example/api HTTP/1.1\r\nhost: kube.example\r\nproxy-authorization: Basic ${credentials}\r\n\r\n`,
  );
});

test('a proxy of a server with TLS sees nothing of the calls', () => {
  const writer = new RequestWriter(new URL('https://kube.example'), 'http://me:secret@proxy.example:3128');
  expect(writer.write({ method: 'GET', path: '/', headers: {} })).toBe('GET / HTTP/1.1\r\nhost: kube.example\r\n\r\n');
});

test.each([
  {
    what: 'a token with a line break',
    headers: { authorization: 'Bearer sec\nret' },
    path: '/',
    message: 'the header authorization has a character that HTTP forbids',
    code: 'ERR_INVALID_CHAR',
  },
  {
    what: 'one with a NUL',
    headers: { authorization: 'Bearer sec\0ret' },
    path: '/',
    message: 'the header authorization has a character that HTTP forbids',
    code: 'ERR_INVALID_CHAR',
  },
  {
    what: 'a name with a colon',
    headers: { 'a:b': 'x' },
    path: '/',
    message: 'the name of a header has a character that HTTP forbids',
    code: 'ERR_INVALID_HTTP_TOKEN',
  },
  {
    what: 'a path with a blank',
    headers: {},
    path: '/a b',
    message: 'the path has a character that HTTP forbids',
    code: 'ERR_UNESCAPED_CHARACTERS',
  },
  {
    what: 'a path with a line break',
    headers: {},
    path: '/a\r\nx: y',
    message: 'the path has a character that HTTP forbids',
    code: 'ERR_UNESCAPED_CHARACTERS',
  },
])('refused: $what', ({ headers, path, message, code }) => {
  const write = (): string => new RequestWriter(server).write({ method: 'GET', path, headers });
  expect(write).toThrow(expect.objectContaining({ message, code }));
});
