import { describe, expect, test } from '@jest/globals';
import { parseDevice } from '@longshore/packet-api';
import type { Device, DeviceId } from '@longshore/packet-api';
import type { ServerFinding, ServerMemory, ServerStep } from './contract.ts';
import { choosePresent, memoryAfter, planServer, SERVER_PLAN_SETTINGS } from './plan-server.ts';
import { serverTags } from './tags.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const ATTEMPT = 'attempt-1';
const owner = { cluster: { namespace: 'default', name: 'blue' }, role: 'node' } as const;
const spec = { owner, hostname: 'node-0', userTags: ['team:a'] };
const settings = { ...SERVER_PLAN_SETTINGS, newAttemptId: () => ATTEMPT };

function aDevice(wish: Partial<Device> = {}): Device {
  const raw = parseDevice({ id: 'd1', hostname: 'node-0', state: 'active', created_at: '2026-11-21T11:00:00Z' });
  return { ...raw, tags: serverTags(owner, ATTEMPT, ['team:a']), ...wish };
}
const id = (text: string): DeviceId => text as DeviceId;
const d1 = aDevice();
const d2 = aDevice({ id: id('d2'), createdAt: '2026-11-21T11:00:05Z' });
const present = (device: Device, ...duplicates: readonly Device[]): ServerFinding => ({
  state: 'present',
  device,
  duplicates,
});
const absent = (listedAgoMs: number): ServerFinding => ({ state: 'absent', listedAtMs: NOW - listedAgoMs });
const asked = (agoMs: number): ServerMemory => ({ attemptId: ATTEMPT, requestedAtMs: NOW - agoMs });
const known: ServerMemory = { ...asked(3_600_000), deviceId: id('d1') };

interface Row {
  readonly when: string;
  readonly memory: ServerMemory;
  readonly finding: ServerFinding;
  readonly step: Partial<ServerStep> | { readonly do: ServerStep['do'] };
}

const ROWS: readonly Row[] = [
  {
    when: 'nothing is remembered',
    memory: {},
    finding: absent(0),
    step: { do: 'remember', memory: { attemptId: ATTEMPT } },
  },
  {
    when: 'the attempt was just drawn: no look-up before its first POST',
    memory: { attemptId: ATTEMPT },
    finding: absent(29_000),
    step: { do: 'create', memory: asked(0) },
  },
  {
    when: 'the attempt was just drawn and the API says nothing',
    memory: { attemptId: ATTEMPT },
    finding: { state: 'unknown', message: 'no answer', isCredentials: false },
    step: { do: 'wait', forMs: 15_000, reason: 'no answer' },
  },
  {
    when: 'the key is refused',
    memory: { attemptId: ATTEMPT },
    finding: { state: 'unknown', message: '401', isCredentials: true },
    step: { do: 'wait', forMs: 30_000, reason: '401' },
  },
  {
    when: 'an attempt without a POST has a device (of the Go provider): adopted',
    memory: { attemptId: ATTEMPT },
    finding: present(d1),
    step: { do: 'remember', memory: { attemptId: ATTEMPT, deviceId: id('d1') } },
  },
  { when: 'the list is older than the POST', memory: asked(1000), finding: absent(2000), step: { do: 'look-up' } },
  {
    when: 'the device is in no list 1 s after the POST',
    memory: asked(1000),
    finding: absent(0),
    step: { do: 'wait', forMs: 10_000 },
  },
  {
    when: 'it was looked for 9 s ago',
    memory: asked(30_000),
    finding: absent(9_000),
    step: { do: 'wait', forMs: 10_000 },
  },
  { when: 'it was looked for 10 s ago', memory: asked(30_000), finding: absent(10_000), step: { do: 'look-up' } },
  {
    when: 'the settling time is over in 4 s',
    memory: asked(56_000),
    finding: absent(0),
    step: { do: 'wait', forMs: 4_000 },
  },
  {
    when: 'the settling time is over and the list is from before its end',
    memory: asked(60_000),
    finding: absent(1),
    step: { do: 'look-up' },
  },
  {
    when: 'a list from after the settling time does not have it: POST again with the same id',
    memory: asked(61_000),
    finding: absent(500),
    step: { do: 'create', memory: asked(0) },
  },
  {
    when: 'the time of the POST is far ahead of the clock',
    memory: asked(-600_000),
    finding: absent(0),
    step: { do: 'remember', memory: asked(0) },
  },
  {
    when: 'the device turns up',
    memory: asked(30_000),
    finding: present(d1),
    step: { do: 'remember', memory: { ...asked(30_000), deviceId: id('d1') } },
  },
  {
    when: 'there are two and none is remembered: remember before anything is removed',
    memory: asked(30_000),
    finding: present(d1, d2),
    step: { do: 'remember', memory: { ...asked(30_000), deviceId: id('d1') } },
  },
  {
    when: 'there are two and one is remembered',
    memory: known,
    finding: present(d1, d2),
    step: { do: 'remove-duplicates', devices: [d2] },
  },
  {
    when: 'the remembered one is gone and another of the attempt is there',
    memory: known,
    finding: present(d2),
    step: { do: 'remember', memory: { ...known, deviceId: id('d2') } },
  },
  { when: 'all is as it should be', memory: known, finding: present(d1), step: { do: 'nothing', device: d1 } },
  {
    when: 'the hostname differs in case only',
    memory: known,
    finding: present(aDevice({ hostname: 'Node-0' })),
    step: { do: 'nothing' },
  },
  {
    when: 'it was renamed',
    memory: known,
    finding: present(aDevice({ hostname: 'mine' })),
    step: { do: 'correct', change: { hostname: 'node-0' } },
  },
  {
    when: 'its tags were removed and somebody put on another',
    memory: known,
    finding: present(aDevice({ tags: ['other'] })),
    step: { do: 'correct', change: { tags: ['other', ...serverTags(owner, ATTEMPT, ['team:a'])] } },
  },
  ...['failed', 'deprovisioning', 'deleted'].map((state) => ({
    when: `it was renamed and is ${state}`,
    memory: known,
    finding: present(aDevice({ hostname: 'mine', state })),
    step: { do: 'nothing' as const },
  })),
  { when: 'it is gone', memory: known, finding: { state: 'gone' }, step: { do: 'report-gone' } },
  {
    when: 'nothing is known of a device that is remembered',
    memory: known,
    finding: { state: 'unknown', message: 'no answer', isCredentials: false },
    step: { do: 'wait', forMs: 15_000 },
  },
  {
    when: 'a remembered device is said to be absent: never another POST',
    memory: known,
    finding: absent(0),
    step: { do: 'look-up' },
  },
];

describe('planServer', () => {
  test.each(ROWS)('when $when', ({ memory, finding, step }) => {
    expect(planServer({ memory, finding, spec, nowMs: NOW, settings })).toMatchObject(step);
  });
});

describe('choosePresent', () => {
  test.each([
    { when: 'none is remembered: the oldest', memory: asked(0), devices: [d2, d1], stays: 'd1', go: ['d2'] },
    { when: 'the younger is remembered', memory: { deviceId: id('d2') }, devices: [d1, d2], stays: 'd2', go: ['d1'] },
    {
      when: 'the oldest is on its way out',
      memory: asked(0),
      devices: [aDevice({ state: 'deprovisioning' }), d2],
      stays: 'd2',
      go: [],
    },
    {
      when: 'the remembered one is on its way out: it stays until it is gone',
      memory: known,
      devices: [aDevice({ state: 'deprovisioning' })],
      stays: 'd1',
      go: [],
    },
    {
      when: 'made at the same moment: always the same one',
      memory: asked(0),
      devices: [aDevice({ id: id('b') }), aDevice({ id: id('a') })],
      stays: 'a',
      go: ['b'],
    },
  ])('$when', ({ memory, devices, stays, go }) => {
    const found = choosePresent(memory, devices);
    expect([found?.device.id, found?.duplicates.map((one) => one.id)]).toEqual([stays, go]);
  });

  test('none counts', () => {
    expect(choosePresent(asked(0), [aDevice({ state: 'deleted' })])).toBeUndefined();
  });
});

describe('memoryAfter', () => {
  test.each([
    { creation: { state: 'created', device: d1 } as const, memory: { ...asked(0), deviceId: id('d1') } },
    { creation: { state: 'in-doubt', message: '' } as const, memory: asked(0) },
    { creation: { state: 'refused', why: 'quota', message: '' } as const, memory: { attemptId: ATTEMPT } },
  ])('a POST that ended in $creation.state', ({ creation, memory }) => {
    expect(memoryAfter(asked(0), creation)).toEqual(memory);
  });
});
