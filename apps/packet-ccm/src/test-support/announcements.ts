// Speakers and announcements for tests: one default each, small overrides.
import type { Announcement, ServiceName, Speaker } from '../load-balancer/announcer.ts';

/** Password of all speakers here; must never be seen. */
export const BGP_PASSWORD = 'Secret12345';

/** A Node with two routers. */
export function aSpeaker(nodeName: string, wish: Partial<Speaker> = {}): Speaker {
  return {
    nodeName,
    localAsn: 65_000,
    sourceAddress: `10.0.0.${nodeName.length}`,
    peers: [
      { asn: 65_530, address: '169.254.255.1' },
      { asn: 65_530, address: '169.254.255.2' },
    ],
    password: BGP_PASSWORD,
    ...wish,
  };
}

/** `shop/web` as it is named. */
export function serviceNamed(key: string): ServiceName {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

/** `shop/web` at 192.0.2.1, announced by `node-a`. */
export function anAnnouncement(key: string, wish: Partial<Announcement> = {}): Announcement {
  return { service: serviceNamed(key), addresses: ['192.0.2.1'], speakers: [aSpeaker('node-a')], ...wish };
}
