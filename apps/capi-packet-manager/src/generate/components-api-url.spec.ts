import { describe, expect, test } from '@jest/globals';
import { withApiUrl } from './components-api-url.ts';
import { providerComponents } from './provider-components.ts';

const shared = { image: 'a', machineConfigs: 'items: []\n' };
const objects = (apiUrl?: string): readonly object[] =>
  providerComponents({ ...shared, ...(apiUrl !== undefined && { apiUrl }) }).map(({ value }) => value);

describe('withApiUrl', () => {
  test('gives what the file would have been with the address', () => {
    expect(withApiUrl(objects(), 'http://127.0.0.1:1')).toEqual(objects('http://127.0.0.1:1'));
  });

  test('keeps an address that somebody wrote', () => {
    expect(withApiUrl(objects('http://127.0.0.1:1'), 'http://127.0.0.1:2')).toEqual(objects('http://127.0.0.1:1'));
  });

  test.each([undefined, ''])('changes nothing for %p', (none) => {
    const before = objects();
    expect(withApiUrl(before, none)).toBe(before);
  });

  test('leaves other StatefulSets alone', () => {
    const other = { kind: 'StatefulSet', metadata: { name: 'db' }, spec: {} };
    expect(withApiUrl([other], 'http://127.0.0.1:1')).toEqual([other]);
  });
});
