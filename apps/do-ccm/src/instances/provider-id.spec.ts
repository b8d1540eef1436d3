// Provider IDs in all their forms.
import { describe, expect, test } from '@jest/globals';
import { parseDropletNumber } from '../test-support/ids.ts';
import { parseProviderId, toProviderId } from './provider-id.ts';

describe('parseProviderId', () => {
  test('DO row 7 a droplet', () => {
    expect(parseProviderId('digitalocean://12345')).toEqual({ kind: 'droplet', id: 12345 });
  });

  test('DO row 8 four texts that are none, each with its own answer', () => {
    expect(parseProviderId('')).toEqual({ kind: 'absent' });
    expect(parseProviderId('digitalocean://')).toEqual({
      kind: 'malformed',
      reason: 'provider ID number cannot be empty',
    });
    expect(parseProviderId('digitalocean:/12345')).toEqual({
      kind: 'malformed',
      reason: 'provider ID "digitalocean:/12345" is missing prefix "digitalocean://"',
    });
    expect(parseProviderId('digitalocean://12345cruft')).toEqual({
      kind: 'malformed',
      reason: 'provider ID "digitalocean://12345cruft" does not end in the number of a droplet',
    });
  });

  test.each([
    { text: undefined, is: { kind: 'absent' } },
    { text: '12345', is: { kind: 'droplet', id: 12345 } },
    { text: 'aws:///eu-1/i-1', is: { kind: 'foreign' } },
    { text: 'k3s://node-1', is: { kind: 'foreign' } },
    { text: 'digitalocean://0', is: { kind: 'malformed' } },
    { text: 'digitalocean://1/2', is: { kind: 'malformed' } },
    { text: 'digitalocean://-1', is: { kind: 'malformed' } },
    { text: 'DigitalOcean://5', is: { kind: 'malformed' } },
    { text: 'node-1', is: { kind: 'malformed' } },
  ])('$text', ({ text, is }) => expect(parseProviderId(text)).toMatchObject(is));

  test('what we write we can read', () => {
    const id = parseDropletNumber(7);
    expect(parseProviderId(toProviderId(id))).toEqual({ kind: 'droplet', id });
  });
});
