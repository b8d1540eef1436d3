// How Events look on the wire.
import { describe, expect, test } from '@jest/globals';
import { eventName, eventNamespace, shortened, toEventObject, toReference } from './event-object.ts';

const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: 'u-1', resourceVersion: '12' } };

describe('Event objects', () => {
  test('an event about a Node lives in default and carries the uid of its metadata', () => {
    const event = {
      ...{
        component: 'cloud-node-controller',
        type: 'Normal' as const,
        reason: 'Synced',
        message: 'Node synced successfully',
      },
      ...{ involvedObject: toReference(node), key: 'k', count: 2, isSpam: false },
    };
    const firstMs = Date.UTC(2026, 10, 21, 10, 0, 0, 999);
    expect(toEventObject(event, { name: 'node-1.abc', firstMs, lastMs: firstMs + 60_000, host: '' })).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'node-1.abc', namespace: 'default' },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Node',
        name: 'node-1',
        namespace: '',
        uid: 'u-1',
        resourceVersion: '12',
      },
      reason: 'Synced',
      message: 'Node synced successfully',
      source: { component: 'cloud-node-controller' },
      firstTimestamp: '2026-11-21T10:00:00Z',
      lastTimestamp: '2026-11-21T10:01:00Z',
      count: 2,
      type: 'Normal',
      reportingComponent: 'cloud-node-controller',
      reportingInstance: '',
    });
  });

  test('an event about a namespaced object lives with it', () => {
    const service = { kind: 'Service', metadata: { name: 'web', namespace: 'shop' } };
    expect(eventNamespace({ involvedObject: toReference(service) })).toBe('shop');
  });

  test.each([
    { object: 'node-1', name: 'node-1.18736a56bcd80000' },
    { object: 'system:node', name: 'fallback' },
    { object: 'x'.repeat(240), name: 'fallback' },
  ])('the name for an object called $object', ({ object, name }) => {
    expect(eventName(object, 1761868800000000000n, () => 'fallback')).toBe(name);
  });

  test('long messages are cut', () => {
    expect(shortened('x'.repeat(5_000))).toHaveLength(1_024);
    expect(shortened('short')).toBe('short');
  });
});
