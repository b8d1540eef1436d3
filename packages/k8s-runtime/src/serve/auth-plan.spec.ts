// Who is believed to be who, and what is allowed without asking.
import { describe, expect, test } from '@jest/globals';
import {
  anonymous,
  isAccessAllowed,
  planAuthorization,
  planIdentity,
  toAccessReview,
  userFromTokenReview,
} from './auth-plan.ts';
import type { AuthenticationConfig } from './auth-plan.ts';
import type { ClientCertificate, PageRequest } from './page.ts';

const config: AuthenticationConfig = {
  clientCas: new Set(['CLIENT-CA']),
  proxyCas: new Set(['PROXY-CA']),
  proxyNames: ['front-proxy'],
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};
const proxyHeaders = { 'x-remote-user': ['jane'], 'x-remote-group': ['dev', 'ops'], 'x-remote-extra-a%2fb': ['1'] };
const byClientCa: ClientCertificate = {
  isTrusted: true,
  chain: ['LEAF', 'CLIENT-CA'],
  commonName: 'bob',
  organizations: ['dev'],
};
const byProxyCa: ClientCertificate = {
  isTrusted: true,
  chain: ['LEAF', 'PROXY-CA'],
  commonName: 'front-proxy',
  organizations: [],
};

function aRequest(overrides: Partial<PageRequest> = {}): PageRequest {
  const query = new URLSearchParams();
  return { method: 'GET', path: '/metrics', query, headers: {}, body: '', clientCertificate: undefined, ...overrides };
}

describe('planIdentity', () => {
  test.each([
    { when: 'nothing is shown', request: {}, claim: { kind: 'anonymous' } },
    {
      when: 'a token is shown',
      request: { headers: { authorization: ['Bearer abc'] } },
      claim: { kind: 'token', token: 'abc' },
    },
    {
      when: 'the scheme is written small',
      request: { headers: { authorization: ['bearer abc'] } },
      claim: { kind: 'token', token: 'abc' },
    },
    {
      when: 'the header is no bearer token',
      request: { headers: { authorization: ['Basic abc'] } },
      claim: { kind: 'anonymous' },
    },
    {
      when: 'a certificate of the client CA is shown',
      request: { clientCertificate: byClientCa },
      claim: { kind: 'user', user: { name: 'bob', groups: ['dev', 'system:authenticated'] } },
    },
    {
      when: 'a proxy speaks for somebody',
      request: { clientCertificate: byProxyCa, headers: proxyHeaders },
      claim: {
        kind: 'user',
        user: { name: 'jane', groups: ['dev', 'ops', 'system:authenticated'], extra: { 'a/b': ['1'] } },
      },
    },
    {
      when: 'somebody without a proxy certificate claims to be a proxy',
      request: { headers: proxyHeaders },
      claim: { kind: 'anonymous' },
    },
    {
      when: 'a user claims to be a proxy',
      request: { clientCertificate: byClientCa, headers: proxyHeaders },
      claim: { kind: 'user', user: { name: 'bob', groups: ['dev', 'system:authenticated'] } },
    },
    {
      when: 'a user with the name of the proxy claims to be the proxy',
      request: { clientCertificate: { ...byClientCa, commonName: 'front-proxy' }, headers: proxyHeaders },
      claim: { kind: 'user', user: { name: 'front-proxy', groups: ['dev', 'system:authenticated'] } },
    },
    {
      when: 'the proxy has a name that is not allowed',
      request: { clientCertificate: { ...byProxyCa, commonName: 'other' }, headers: proxyHeaders },
      claim: { kind: 'refused' },
    },
    { when: 'a proxy speaks for nobody', request: { clientCertificate: byProxyCa }, claim: { kind: 'refused' } },
    {
      when: 'the certificate is not trusted',
      request: { clientCertificate: { ...byClientCa, isTrusted: false } },
      claim: { kind: 'refused' },
    },
    {
      when: 'the certificate is not trusted, but there is a token',
      request: { clientCertificate: { ...byClientCa, isTrusted: false }, headers: { authorization: ['Bearer abc'] } },
      claim: { kind: 'token', token: 'abc' },
    },
    {
      when: 'the certificate names nobody',
      request: { clientCertificate: { ...byClientCa, commonName: '' } },
      claim: { kind: 'refused' },
    },
  ])('when $when', ({ request, claim }) => {
    expect(planIdentity(aRequest(request), config)).toEqual(claim);
  });

  test('without any CA certificates mean nothing', () => {
    const none = { ...config, clientCas: new Set<string>(), proxyCas: new Set<string>() };
    expect(planIdentity(aRequest({ clientCertificate: byClientCa }), none)).toEqual({ kind: 'anonymous' });
  });

  test('without allowed names every certificate of the proxy CA is a proxy', () => {
    const request = aRequest({ clientCertificate: { ...byProxyCa, commonName: 'x' }, headers: proxyHeaders });
    expect(planIdentity(request, { ...config, proxyNames: [] })).toMatchObject({ user: { name: 'jane' } });
  });
});

describe('planAuthorization', () => {
  const paths = ['/healthz', '/readyz', '/debug/*'];
  test.each([
    { who: 'anybody', user: anonymous, path: '/healthz', decision: 'allowed' },
    { who: 'anybody', user: anonymous, path: '/healthz/ping', decision: 'ask' },
    { who: 'anybody', user: anonymous, path: '/debug/flags/v', decision: 'allowed' },
    { who: 'anybody', user: anonymous, path: '/metrics', decision: 'ask' },
    { who: 'a master', user: { name: 'root', groups: ['system:masters'] }, path: '/metrics', decision: 'allowed' },
  ])('$who, $path: $decision', ({ user, path, decision }) => {
    expect(planAuthorization(user, { path }, paths)).toBe(decision);
  });
});

describe('reviews', () => {
  test('the question names user, groups and the path with a lower-case verb', () => {
    const user = { name: 'jane', uid: '7', groups: ['dev'], extra: { a: ['1'] } };
    expect(toAccessReview(user, { method: 'DELETE', path: '/metrics/slis' })).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'jane',
        uid: '7',
        groups: ['dev'],
        extra: { a: ['1'] },
        nonResourceAttributes: { path: '/metrics/slis', verb: 'delete' },
      },
    });
  });

  test.each([
    { status: { allowed: true }, isAllowed: true },
    { status: { allowed: true, denied: true }, isAllowed: false },
    { status: { allowed: false }, isAllowed: false },
    { status: undefined, isAllowed: false },
  ])('$status: $isAllowed', ({ status, isAllowed }) => {
    expect(isAccessAllowed({ status })).toBe(isAllowed);
  });

  test.each([
    { status: { authenticated: true, user: { username: 'jane', groups: ['dev'] } }, name: 'jane' },
    { status: { authenticated: false, user: { username: 'jane' } }, name: undefined },
    { status: undefined, name: undefined },
  ])('a token review with $status', ({ status, name }) => {
    expect(userFromTokenReview({ status })?.name).toBe(name);
  });
});
