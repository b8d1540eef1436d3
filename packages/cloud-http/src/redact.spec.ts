import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { excerpt, plainCause, redact, shownUrl } from './redact.ts';

const token = 'dop_v1_0123456789abcdef';

describe('redact', () => {
  test.each([
    { when: 'the token itself', text: `no such token ${token}.`, clean: 'no such token [redacted].' },
    { when: 'a bearer header of another token', text: 'sent Bearer abcdef123456', clean: 'sent Bearer [redacted]' },
    { when: 'an echoed JSON header', text: '{"Authorization":"abcdef"}', clean: '{"Authorization":"[redacted]"}' },
    { when: 'another token header', text: 'X-Auth-Token: abcdef', clean: 'X-Auth-Token: [redacted]' },
    { when: 'a password in a URL', text: 'via http://me:pw@proxy:3128/', clean: 'via http://proxy:3128/' },
    { when: 'nothing secret', text: 'entry port is invalid', clean: 'entry port is invalid' },
  ])('hides $when', ({ text, clean }) => {
    expect(redact(text, [token])).toBe(clean);
  });

  test('hides the token wherever it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(redact(`${before}${token}${after}`, [token])).not.toContain(token);
      }),
    );
  });

  test('an empty secret changes nothing', () => {
    expect(redact('abc', [''])).toBe('abc');
  });
});

test('plainCause keeps name and message of an error and nothing that hangs on it', () => {
  const error = Object.assign(new TypeError(`bad ${token}`), {
    config: { headers: { Authorization: token } },
    request: {},
  });
  const plain = plainCause(error, [token]);
  expect(plain.message).toBe('bad [redacted]');
  expect(plain.name).toBe('TypeError');
  expect(JSON.stringify({ ...plain, stack: plain.stack })).not.toContain(token);
});

test('excerpt folds white space and cuts', () => {
  expect(excerpt('<html>\n  <h1>502</h1>\n</html>')).toBe('<html> <h1>502</h1> </html>');
  expect(excerpt('x'.repeat(1000))).toBe(`${'x'.repeat(300)}… (1000 characters)`);
});

test('shownUrl hides user and password', () => {
  expect(shownUrl(new URL('https://me:pw@example.com/a?b=c'))).toBe('https://example.com/a?b=c');
});
