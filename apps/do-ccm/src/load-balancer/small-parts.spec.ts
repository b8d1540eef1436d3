// Sticky sessions, size, firewall and certificates: one table each.
import { describe, expect, test } from '@jest/globals';
import type { Certificate } from '@longshore/digitalocean-api';
import { aBalancer, aService, certificate, settingsOf } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { chooseCertificate } from './certificates.ts';
import { desiredFirewall } from './firewall-rules.ts';
import { desiredSize } from './size.ts';
import { desiredStickySessions } from './sticky-sessions.ts';

describe('desiredStickySessions', () => {
  const cookies = { stickyType: 'cookies', stickyCookieName: 'LB', stickyCookieTtl: '60' };

  test('DO row 52 cookies with name and life', () =>
    expect(desiredStickySessions(settingsOf(cookies))).toEqual({
      value: { type: 'cookies', cookieName: 'LB', cookieTtlSeconds: 60 },
      problems: [],
    }));

  test.each([
    {
      when: 'without a name',
      annotations: { stickyType: 'cookies', stickyCookieTtl: '60' },
      names: 'cookie name not specified',
    },
    {
      when: 'without a life',
      annotations: { stickyType: 'cookies', stickyCookieName: 'LB' },
      names: 'cookie ttl not specified',
    },
  ])('DO row 52 cookies $when are an error', ({ annotations, names }) =>
    expect(desiredStickySessions(settingsOf(annotations)).problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining(names) as unknown },
    ]),
  );

  test('without cookies name and life are ignored', () =>
    expect(desiredStickySessions(settingsOf({ stickyCookieName: 'LB' }))).toEqual({
      value: { type: 'none' },
      problems: [],
    }));
});

describe('desiredSize', () => {
  test.each<{ annotations: Annotated; is: object }>([
    { annotations: {}, is: { sizeUnit: 1 } },
    { annotations: { sizeUnit: '3' }, is: { sizeUnit: 3 } },
    { annotations: { sizeUnit: '0' }, is: { sizeUnit: 1 } },
    { annotations: { sizeSlug: 'lb-large' }, is: { size: 'lb-large' } },
    { annotations: { sizeSlug: 'lb-large', sizeUnit: '0' }, is: { size: 'lb-large' } },
  ])('DO row 56 $annotations is $is', ({ annotations, is }) =>
    expect(desiredSize(settingsOf(annotations))).toEqual({ value: is, problems: [] }),
  );

  test('DO row 55 both ways at once are an error', () =>
    expect(desiredSize(settingsOf({ sizeSlug: 'lb-large', sizeUnit: '3' })).problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining('only one of LB size slug and size unit') as unknown },
    ]));
});

describe('desiredFirewall', () => {
  const rules = { allowRules: 'ip:192.0.2.1', denyRules: 'cidr:198.51.100.0/24' };
  const decide = (ranges: readonly string[], annotations: Annotated): ReturnType<typeof desiredFirewall> =>
    desiredFirewall(aService({ spec: { loadBalancerSourceRanges: [...ranges] } }), settingsOf(annotations));

  test('annotations', () =>
    expect(decide([], rules).value).toEqual({ allow: ['ip:192.0.2.1'], deny: ['cidr:198.51.100.0/24'] }));

  test('DO row 60 source ranges replace allow rules, deny rules stay', () =>
    expect(decide(['10.0.0.0/8'], rules)).toEqual({
      value: { allow: ['cidr:10.0.0.0/8'], deny: ['cidr:198.51.100.0/24'] },
      problems: [],
    }));

  test('ranges are written as networks, blanks are dropped', () =>
    expect(decide([' 10.1.2.3/8 ', '2001:db8::5/32'], {}).value.allow).toEqual([
      'cidr:10.0.0.0/8',
      'cidr:2001:db8::/32',
    ]));

  test('DO row 61 an address is no range', () =>
    expect(decide(['10.0.0.1'], {}).problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining('CIDR format') as unknown },
    ]));

  test('DO row 62 without rules the lists are empty, not absent', () =>
    expect(decide([], {}).value).toEqual({ allow: [], deny: [] }));
});

describe('chooseCertificate', () => {
  const aCertificate = (id: string, name: string, type = 'lets_encrypt'): Certificate => ({
    id: certificate(id),
    name,
    type,
    state: 'verified',
    dnsNames: [],
    notAfter: undefined,
  });
  const found = aBalancer({
    forwardingRules: [
      {
        entryProtocol: 'https',
        entryPort: 443,
        targetProtocol: 'http',
        targetPort: 30_000,
        certificateId: certificate('of-lb'),
      },
    ],
  });
  const byId = settingsOf({ certificateId: 'asked' });

  test.each<{ when: string; known: readonly Certificate[]; id: string }>([
    {
      when: 'DO row 38 (annotation kept) renewed under the same name: the balancer’s stands',
      known: [aCertificate('of-lb', 'shop'), aCertificate('asked', 'shop')],
      id: 'of-lb',
    },
    {
      when: 'DO row 39 another name: the user’s stands',
      known: [aCertificate('of-lb', 'shop'), aCertificate('asked', 'x')],
      id: 'asked',
    },
    {
      when: 'DO row 40 the balancer’s was uploaded: the user’s stands',
      known: [aCertificate('of-lb', 'shop', 'custom'), aCertificate('asked', 'shop', 'custom')],
      id: 'asked',
    },
    {
      when: 'DO row 41 (annotation kept) the user’s is gone: the balancer’s stands',
      known: [aCertificate('of-lb', 'shop')],
      id: 'of-lb',
    },
  ])('$when', ({ known, id }) => expect(chooseCertificate(byId, found, known)).toEqual({ kind: 'certificate', id }));

  test('the account’s certificates are asked for only when the two differ', () => {
    expect(chooseCertificate(byId, found)).toEqual({ kind: 'look' });
    expect(chooseCertificate(settingsOf({ certificateId: 'of-lb' }), found)).toEqual({
      kind: 'certificate',
      id: 'of-lb',
    });
    expect(chooseCertificate(byId, aBalancer())).toEqual({ kind: 'certificate', id: 'asked' });
    expect(chooseCertificate(byId, undefined)).toEqual({ kind: 'certificate', id: 'asked' });
  });

  test('DO row 42 without an annotation there is none, whatever the balancer has', () =>
    expect(chooseCertificate(settingsOf(), found)).toEqual({ kind: 'none' }));

  test('DO row 36 by name', () => {
    const byName = settingsOf({ certificateName: 'shop' });
    expect(chooseCertificate(byName, found)).toEqual({ kind: 'look' });
    expect(chooseCertificate(byName, found, [aCertificate('c9', 'shop')])).toEqual({ kind: 'certificate', id: 'c9' });
    expect(chooseCertificate(byName, found, [])).toMatchObject({
      kind: 'missing',
      error: { message: expect.stringContaining('certificate with name: "shop" not found') as unknown },
    });
  });

  test('DO row 37 the ID wins over the name', () =>
    expect(chooseCertificate(settingsOf({ certificateId: 'asked', certificateName: 'shop' }), undefined)).toEqual({
      kind: 'certificate',
      id: 'asked',
    }));
});
