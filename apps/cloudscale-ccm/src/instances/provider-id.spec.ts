import { describe, expect, test } from '@jest/globals';
import { parseProviderId, toProviderId } from './provider-id.ts';

const uuid = 'a1b2c3d4-1111-4222-8333-444455556666';

describe('provider IDs', () => {
  test.each([
    `cloudscale://${uuid}`,
    `cloudscale://${uuid.toUpperCase()}`,
    `cloudscale://${uuid.replaceAll('-', '')}`,
    ` cloudscale :// ${uuid} `,
  ])('CS row 7 "%s" is accepted and printed in one form', (text) => {
    const parsed = parseProviderId(text);
    expect(parsed).toEqual({ kind: 'server', id: uuid });
    expect(parsed.kind === 'server' && toProviderId(parsed.id)).toBe(`cloudscale://${uuid}`);
  });

  test.each(['cloudscale', 'cloudscale:/x', '://x', 'cloudscale://foo', 'cloudscale://', uuid])(
    'CS row 8 "%s" cannot be read',
    (text) => expect(parseProviderId(text).kind).toBe('malformed'),
  );

  test('CS row 8 another cloud is another cloud', () => {
    expect(parseProviderId(`aws://${uuid}`)).toEqual({ kind: 'foreign' });
    expect([parseProviderId(''), parseProviderId(undefined)]).toEqual([{ kind: 'absent' }, { kind: 'absent' }]);
  });
});
