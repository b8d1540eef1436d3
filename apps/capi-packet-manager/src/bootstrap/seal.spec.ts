import { createDecipheriv, createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  isDueForResealing,
  isSealed,
  newSealingKeyBytes,
  open,
  openIfSealed,
  seal,
  sealingKey,
  sealingKeysOfSecret,
} from './seal.ts';
import type { SealedPlace, SealingKeys } from './seal.ts';

const place: SealedPlace = { namespace: 'default', name: 'blue-ca', field: 'tls.key' };
const newKeys = (): SealingKeys => [sealingKey(newSealingKeyBytes(), 'a test')];
const keys = newKeys();

describe('seal and open', () => {
  test('any text comes back, and nothing of it is in the sealed value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (plain) => {
        const sealed = seal(plain, keys, place);
        expect(open(sealed, keys, place)).toBe(plain.toWellFormed());
        expect(sealed).toMatch(/^longshore-sealed:v1:[0-9a-f]{8}:[\w-]{16}:[\w-]+$/);
        expect(openIfSealed(sealed, keys, place)).toBe(plain.toWellFormed());
      }),
    );
    expect(seal('the private key', keys, place)).not.toContain(
      Buffer.from('private').toString('base64url').slice(0, 8),
    );
  });

  test('two sealings of one text differ: the nonce is drawn anew', () => {
    expect(seal('x', keys, place)).not.toBe(seal('x', keys, place));
  });

  test('the format is what the file says: opened here by node:crypto alone', () => {
    const bytes = Buffer.alloc(32, 7);
    const [, version, keyId, nonce = '', sealed = ''] = seal('plain', [sealingKey(bytes, 'a test')], place).split(':');
    expect(keyId).toBe(createHash('sha256').update('longshore sealing key\0').update(bytes).digest('hex').slice(0, 8));
    const raw = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', bytes, Buffer.from(nonce, 'base64url'));
    decipher.setAAD(Buffer.from(`${version}\0${keyId}\0default\0blue-ca\0tls.key`));
    decipher.setAuthTag(raw.subarray(-16));
    expect(Buffer.concat([decipher.update(raw.subarray(0, -16)), decipher.final()]).toString()).toBe('plain');
  });

  test.each<Partial<SealedPlace>>([{ namespace: 'other' }, { name: 'red-ca' }, { field: 'tls.crt' }])(
    'a value that was copied elsewhere (%j) does not open',
    (change) => {
      const elsewhere = { ...place, ...change };
      expect(() => open(seal('x', keys, place), keys, elsewhere)).toThrow(
        `Secret ${elsewhere.namespace}/${elsewhere.name}: ${elsewhere.field} does not open with its key`,
      );
    },
  );

  test('every change of one character is noticed', () => {
    const sealed = seal('plain text', keys, place);
    const start = 'longshore-sealed:'.length;
    for (let index = start; index < sealed.length; index++) {
      // The last character of a base64url part may have bits that count for nothing: a far one changes them all.
      const other = sealed[index] === 'A' ? 'z' : 'A';
      const changed = sealed.slice(0, index) + other + sealed.slice(index + 1);
      expect(() => open(changed, keys, place)).toThrow(/^Secret default\/blue-ca: tls\.key /);
    }
    for (const cut of [sealed.slice(0, -1), sealed.slice(0, start + 20), 'longshore-sealed:']) {
      expect(() => open(cut, keys, place)).toThrow(/^Secret default\/blue-ca/);
    }
  });

  test('without its key: says which key is missing, and no secret', () => {
    const sealed = seal('plain text', keys, place);
    const others = newKeys();
    const expected = `was sealed with key ${keys[0].id}, but only ${others[0].id} is given: add the former sealing key`;
    expect(() => open(sealed, others, place)).toThrow(expected);
    expect(() => open(sealed, others, place)).toThrow(expect.objectContaining({ code: 'SEALED_VALUE_UNREADABLE' }));
  });

  test('a format of the future is not guessed at', () => {
    const sealed = seal('x', keys, place).replace(':v1:', ':v2:');
    expect(() => open(sealed, keys, place)).toThrow('was sealed in format v2');
  });

  test('a value in clear is taken as it is, where that is allowed', () => {
    expect(openIfSealed('-----BEGIN', keys, place)).toBe('-----BEGIN');
    expect(isSealed('-----BEGIN')).toBe(false);
  });
});

describe('several keys', () => {
  test('the new one seals, the old one still opens, and what it sealed is due', () => {
    const sealed = seal('x', keys, place);
    const both: SealingKeys = [newKeys()[0], keys[0]];
    expect(open(sealed, both, place)).toBe('x');
    expect(isDueForResealing(sealed, both)).toBe(true);
    const again = seal('x', both, place);
    expect(isDueForResealing(again, both)).toBe(false);
    expect(() => open(again, keys, place)).toThrow('add the former sealing key');
    expect(isDueForResealing('in clear', both)).toBe(false);
  });

  test('of a Secret: the field "key" first, then the others by name', () => {
    const [a, b, c] = [newSealingKeyBytes(), newSealingKeyBytes(), newSealingKeyBytes()];
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    const found = sealingKeysOfSecret({ 'a-2025': base64(b), key: base64(a), 'b-2024': base64(c) }, 'Secret x/y');
    expect(found.map(({ bytes }) => base64(bytes))).toEqual([base64(a), base64(b), base64(c)]);
    expect(() => sealingKeysOfSecret({}, 'Secret x/y')).toThrow('Secret x/y is empty');
    expect(() => sealingKeysOfSecret({ key: 'AAAA' }, 'Secret x/y')).toThrow(
      'Secret x/y, field key is not a sealing key',
    );
  });
});

describe('sealingKey', () => {
  const bytes = newSealingKeyBytes();
  test.each([
    { form: 'bytes', content: Buffer.from(bytes) },
    { form: 'hex and a line break', content: Buffer.from(`${Buffer.from(bytes).toString('hex')}\n`) },
    { form: 'base64', content: Buffer.from(Buffer.from(bytes).toString('base64')) },
    { form: 'base64url', content: Buffer.from(Buffer.from(bytes).toString('base64url')) },
  ])('as $form', ({ content }) => {
    expect(sealingKey(content, 'a file').bytes).toEqual(Uint8Array.from(bytes));
  });

  test.each([0, 16, 31, 33, 48])('%i bytes are refused, without showing them', (length) => {
    expect(() => sealingKey(Buffer.alloc(length, 'k'), 'file /x')).toThrow(/^file \/x is not a sealing key/);
    expect(() => sealingKey(Buffer.alloc(length, 'k'), 'file /x')).not.toThrow(/kkkk/);
  });
});
