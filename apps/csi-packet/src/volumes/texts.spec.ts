// What this program writes into the cloud, and reads out of it after anybody else wrote there: round trips and strange contents.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readDescription, writeDescription } from './description.ts';
import { NO_NOTES, readNotes, withNote, withoutNote, writeNotes } from './notes.ts';
import { readSnapshotRef, snapshotTime } from './snapshot-ids.ts';
import { parseStoragePlan, planOfVolume } from './storage-plan.ts';
import { isAccessible } from './topology.ts';

const UUID = '11111111-2222-3333-4444-555555555555';
const OTHER = '22222222-2222-3333-4444-555555555555';

describe('description', () => {
  test('what is written is read, whatever the name', () => {
    const source = fc.constantFrom(
      undefined,
      { kind: 'volume', volumeId: UUID } as const,
      { kind: 'snapshot', volumeId: UUID, snapshotId: OTHER } as const,
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), source, (name, from) => {
        const tag = { name, created: '2026-01-01T00:00:00Z', source: from };
        expect(readDescription(writeDescription(tag))).toEqual(tag);
      }),
    );
  });

  test('the Go program’s form, byte for byte', () => {
    const tag = { name: 'pvc-1', created: '2019-10-06T10:11:12.123456789Z', source: undefined };
    expect(writeDescription(tag)).toBe('{"Name":"pvc-1","Created":"2019-10-06T10:11:12.123456789Z"}');
  });

  test('no text of people breaks the reader', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readDescription(text)));
    expect(readDescription('{"Name":""}')).toBeUndefined();
    expect(readDescription(undefined)).toBeUndefined();
  });
});

describe('notes', () => {
  test('what is written is read, and what others keep stays', () => {
    const entry = fc.record({ id: fc.string(), sizeGiB: fc.integer({ min: 10, max: 10_000 }) });
    const intent = fc.record({ existing: fc.array(fc.string()) });
    const name = fc.string().filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(name, entry), fc.dictionary(name, intent), fc.json(), (snapshots, taking, own) => {
        const notes = { ...NO_NOTES, snapshots: { ...snapshots }, taking: { ...taking } };
        const written = writeNotes({ own }, notes);
        expect(readNotes(JSON.parse(JSON.stringify(written)) as Record<string, unknown>)).toEqual(notes);
        expect(written['own']).toBe(own);
        expect(writeNotes(written, NO_NOTES)).toEqual({ own });
      }),
    );
  });

  test('what is not in their form is absent', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void readNotes({ 'csi-packet': value })));
    expect(
      readNotes({ 'csi-packet': { snapshots: { a: { id: 1 } }, taking: [], cloning: { b: { existing: 'x' } } } }),
    ).toEqual(NO_NOTES);
  });

  test('entries come and go', () => {
    const one = withNote<number>({}, 'a', 1);
    expect(withNote(one, 'b', 2)).toEqual({ a: 1, b: 2 });
    expect(withoutNote(one, 'a')).toEqual({});
  });
});

describe('IDs and names', () => {
  test.each([UUID, `${UUID}/`, `${UUID}/x`, `${UUID}/${OTHER}/x`, '', '/'])('"%s" is no snapshot of ours', (text) => {
    expect(readSnapshotRef(text)).toBeUndefined();
  });

  test('the time of a snapshot is its timestamp, or when it was created', () => {
    const snapshot = { id: UUID as never, status: 'available', volumeId: undefined };
    expect(snapshotTime({ ...snapshot, timestamp: '1467921608.991500438', createdAt: undefined })).toEqual(
      new Date('2016-07-07T20:00:08.991Z'),
    );
    const createdAt = '2020-01-01T00:00:00Z';
    expect(snapshotTime({ ...snapshot, timestamp: 'x', createdAt })).toEqual(new Date(createdAt));
    expect(snapshotTime({ ...snapshot, timestamp: 'x', createdAt: undefined })).toBeUndefined();
  });

  test.each([
    { plan: { id: '87728148-3155-4992-a730-8d1e6aca8a32', slug: 'storage_0' }, name: 'standard' },
    { plan: { id: undefined, slug: 'storage_2' }, name: 'performance' },
    { plan: { id: 'new', slug: 'storage_9' }, name: undefined },
  ])('a volume of $plan is $name', ({ plan, name }) => {
    expect(planOfVolume({ plan })).toBe(name);
  });

  test('gold is no plan', () => {
    expect(parseStoragePlan('gold')).toBeUndefined();
  });
});

describe('topology', () => {
  const place = { driverName: 'net.packet.csi', facility: 'ewr1' };
  const at = (key: string, code: string) => ({ segments: { [key]: code } });

  test.each([
    { when: 'nothing is asked', requirement: undefined, fits: true },
    { when: 'it is among the requisite', requirement: asked([at('net.packet.csi/facility', 'ewr1')]), fits: true },
    { when: 'nodes are of the other era', requirement: asked([at('csi.packet.net/facility', 'ewr1')]), fits: true },
    { when: 'only others are', requirement: asked([at('net.packet.csi/facility', 'ams1')]), fits: false },
    { when: 'others of the other era', requirement: asked([at('csi.packet.net/facility', 'ams1')]), fits: false },
    { when: 'keys are of somebody else', requirement: asked([at('zone', 'x')]), fits: true },
    { when: 'only preferred', requirement: asked([], [at('net.packet.csi/facility', 'ams1')]), fits: false },
  ])('when $when: $fits', ({ requirement, fits }) => {
    expect(isAccessible(requirement, place)).toBe(fits);
  });

  function asked(
    requisite: { segments: Record<string, string> }[],
    preferred: { segments: Record<string, string> }[] = [],
  ) {
    return { requisite, preferred };
  }
});
