// Texts that are read and written: sessions, interfaces, links, bindings, exit codes.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ownSessions, pickOrphans } from '../orphans.ts';
import { parseBindings, withBinding, withoutBinding } from './bindings.ts';
import { meaningOf } from './exit-codes.ts';
import { interfaceChanges, isLinkOf, parseInterface, parseSessions } from './sessions.ts';

const iqn = 'iqn.2013-05.com.daterainc:tc:01:sn:ee01';

test('sessions of both families', () => {
  const text = `tcp: [1] 10.0.0.1:3260,1 ${iqn} (non-flash)\ntcp: [12] [2001:db8::7]:3260,-1 ${iqn}2 (non-flash)\nnoise\n`;
  expect(parseSessions(text)).toEqual([
    { address: '10.0.0.1', iqn },
    { address: '2001:db8::7', iqn: `${iqn}2` },
  ]);
});

test.each([
  [`ip-10.0.0.1:3260-iscsi-${iqn}-lun-0`, true],
  [`ip-10.0.0.1:3260-iscsi-${iqn}-lun-0-part1`, false],
  [`ip-10.0.0.10:3260-iscsi-${iqn}-lun-0`, false],
  [`ip-10.0.0.1:3260-iscsi-${iqn}0-lun-0`, false],
  [`ip-210.0.0.1:3260-iscsi-${iqn}-lun-0`, false],
])('%s: %s', (name, expected) => {
  expect(isLinkOf(name, { address: '10.0.0.1', iqn })).toBe(expected);
});

test('an interface gets the settings of the default one and the name of the machine', () => {
  const base = parseInterface(
    'iface.iscsi_ifacename = default\niface.transport_name = tcp\niface.hwaddress = <empty>\n',
  );
  const present = parseInterface('iface.transport_name = tcp\niface.initiatorname = old\n');
  expect(interfaceChanges(present, { base, initiator: 'iqn.me' })).toEqual([['iface.initiatorname', 'iqn.me']]);
  expect(interfaceChanges(new Map(), { base, initiator: 'iqn.me' })).toHaveLength(2);
});

describe('bindings', () => {
  const text = '# multipath\nmpatha 3600\nvolume-1 36001\n';

  test('a line is added, replaced and removed; everything else stays', () => {
    const added = withBinding(text, { name: 'volume-2', wwid: '36002' });
    expect(added).toBe(`${text}volume-2 36002\n`);
    expect(withBinding(added, { name: 'volume-2', wwid: '36002' })).toBe(added);
    expect(withBinding(added, { name: 'volume-1', wwid: '36009' })).toBe(
      '# multipath\nmpatha 3600\nvolume-2 36002\nvolume-1 36009\n',
    );
    expect(withoutBinding(added, 'volume-2')).toBe(text);
    expect(withoutBinding(text, 'volume-9')).toBe(text);
    expect(withBinding('', { name: 'a', wwid: 'b' })).toBe('a b\n');
  });

  test('a disk has one name, and foreign lines are never lost', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,4}$/);
    const edits = fc.array(fc.record({ name: word, wwid: word, isAdded: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(edits, (list) => {
        let now = '# mine\n';
        for (const { name, wwid, isAdded } of list)
          now = isAdded ? withBinding(now, { name, wwid }) : withoutBinding(now, name);
        const bindings = parseBindings(now);
        expect(now.startsWith('# mine\n')).toBe(true);
        expect(new Set(bindings.map(({ name }) => name)).size).toBe(bindings.length);
        expect(new Set(bindings.map(({ wwid }) => wwid)).size).toBe(bindings.length);
      }),
    );
  });
});

test.each([
  ['login', 0, 'done'],
  ['login', 15, 'done'],
  ['login', 8, 'portal-down'],
  ['login', 19, 'refused'],
  ['login', 24, 'refused'],
  ['login', 5, 'try-again'],
  ['login', undefined, 'portal-down'],
  ['discover', 21, 'try-again'],
  ['discover', 4, 'portal-down'],
  ['logout', 2, 'done'],
  ['logout', 21, 'done'],
  ['logout', 32, 'done'],
  ['logout', 10, 'try-again'],
  ['forget', 21, 'done'],
  ['sessions', 21, 'done'],
  ['sessions', 20, 'host-unfit'],
  ['sessions', 99, 'try-again'],
] as const)('iscsiadm %s ends with %s: %s', (action, code, outcome) => {
  expect(meaningOf(action, code).outcome).toBe(outcome);
});

test('orphans are targets over our interface without a record', () => {
  const session = (name: string, portal: string, face: string): string =>
    `Target: ${name} (non-flash)\n\tCurrent Portal: ${portal}:3260,1\n\tPersistent Portal: ${portal}:3260,1\n\t\t**********\n\t\tIface Name: ${face}\n`;
  const text =
    session('a', '10.0.0.1', 'kubernetescsi0') +
    session('a', '10.0.0.2', 'kubernetescsi0') +
    session('b', '10.0.0.1', 'kubernetescsi0') +
    session('c', '10.0.0.1', 'default');
  const sessions = ownSessions(text);
  expect(sessions).toHaveLength(3);
  expect(pickOrphans(sessions, [{ iqn: 'b' }])).toEqual([{ iqn: 'a', portals: ['10.0.0.1', '10.0.0.2'] }]);
});
