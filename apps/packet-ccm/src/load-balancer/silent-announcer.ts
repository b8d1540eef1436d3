// Who announces for `empty://` and `kube-vip://`: somebody else, who reads the annotations of the Nodes and the addresses of Services. So
// there is nothing to write and nothing to withdraw.
import type { Announcer } from './announcer.ts';

const NOTHING: Promise<readonly string[]> = Promise.resolve([]);

/** Does nothing. */
export const silentAnnouncer: Announcer = {
  announce: () => NOTHING,
  withdraw: () => NOTHING,
  preview: () => NOTHING,
  withdrawAddresses: () => NOTHING,
};
