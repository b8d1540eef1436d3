// Provider IDs of all times, and of others.
import { describe, expect, test } from '@jest/globals';
import { parseDeviceId } from '@longshore/packet-api';
import { parseProviderId, toProviderId } from './provider-id.ts';

const uuid = '38ab0dfd-7eb1-4d4a-8a57-bcd1cbc4c8a2';

describe('parseProviderId', () => {
  test.each([`packet://${uuid}`, `equinixmetal://${uuid}`, uuid, `packet://${uuid.toUpperCase()}`])(
    'PK row 15 %s is the device',
    (text) => {
      expect(parseProviderId(text)).toEqual({ kind: 'device', id: uuid });
    },
  );

  test.each(['aws:///x', 'k3s://n', `digitalocean://12`, `metal://${uuid}`])(
    'PK row 16 (ours: left alone) %s is another cloud’s',
    (text) => {
      expect(parseProviderId(text)).toEqual({ kind: 'foreign' });
    },
  );

  test.each(['packet://a://b', `packet://${uuid}://x`, 'node-1', '://', `PACKET://${uuid}`, '1 2://x'])(
    'PK row 16 %s is malformed',
    (text) => {
      expect(parseProviderId(text)).toMatchObject({ kind: 'malformed', reason: expect.stringContaining(text) });
    },
  );

  test.each(['packet://', 'packet://12', `packet://${uuid}0`, `packet:///${uuid}`, `packet://${uuid}/x`])(
    'PK row 17 %s has no UUID: malformed before anybody is asked',
    (text) => {
      expect(parseProviderId(text).kind).toBe('malformed');
    },
  );

  test.each([undefined, ''])('PK row 16 %p is none: the device is looked for by name', (text) => {
    expect(parseProviderId(text)).toEqual({ kind: 'absent' });
  });

  test('what is written is read', () => {
    const id = parseDeviceId(uuid);
    expect(id && parseProviderId(toProviderId(id))).toEqual({ kind: 'device', id: uuid });
    expect(id && toProviderId(id)).toBe(`packet://${uuid}`);
  });
});
