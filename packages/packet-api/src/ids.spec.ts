// IDs: what can be one, and that those of different things cannot be mixed up (the last by the compiler).
import { describe, expect, test } from '@jest/globals';
import { parseAssignmentId, parseDeviceId, parseReference, parseReservationId } from './ids.ts';
import type { IpAssignments } from './ip-assignments.ts';
import type { IpReservations } from './ip-reservations.ts';
import { idOf } from './test-support/samples.ts';

describe('IDs', () => {
  test.each([
    '',
    'x',
    '../projects',
    '1'.repeat(36),
    `${idOf(1)} `,
    `packet://${idOf(1)}`,
    idOf(1).replaceAll('-', ''),
  ])('PK row 17 "%s" can be no device ID, so nobody is asked about it', (text) => {
    expect(parseDeviceId(text)).toBeUndefined();
  });

  test('upper case is the same ID', () => {
    expect(parseDeviceId('ABCDEF00-1111-4222-8333-444444444444')).toBe('abcdef00-1111-4222-8333-444444444444');
  });

  test.each([
    { raw: { id: idOf(1) }, id: idOf(1) },
    { raw: { href: `/devices/${idOf(1)}` }, id: idOf(1) },
    { raw: { href: `/metal/v1/devices/${idOf(1)}` }, id: idOf(1) },
    { raw: { href: `https://api.example.com/metal/v1/devices/${idOf(1)}/?include=x` }, id: idOf(1) },
    { raw: { href: `/devices/${idOf(1)}//#x` }, id: idOf(1) },
    { raw: { href: `/devices/${idOf(1)}?next=/a/b` }, id: idOf(1) },
    { raw: { href: idOf(1).toUpperCase() }, id: idOf(1) },
    { raw: { href: '' }, id: undefined },
    { raw: { href: '//?x' }, id: undefined },
    { raw: { href: 7 }, id: undefined },
    { raw: 'text', id: undefined },
    { raw: null, id: undefined },
  ])('the ID in $raw', ({ raw, id }) => {
    expect(parseReference(raw)).toBe(id);
  });

  test('an assignment cannot be released, nor a reservation unassigned', () => {
    const misuse = (reservations: IpReservations, assignments: IpAssignments, signal: AbortSignal): void => {
      const assignment = parseAssignmentId(idOf(1));
      const reservation = parseReservationId(idOf(1));
      if (assignment === undefined || reservation === undefined) return;
      // @ts-expect-error the address would be gone for good
      void reservations.release(assignment, signal);
      // @ts-expect-error the block would be released
      void assignments.unassign(reservation, signal);
      // @ts-expect-error a text is nothing of either
      void reservations.release(idOf(1), signal);
    };
    expect(misuse).toHaveLength(3);
  });
});
