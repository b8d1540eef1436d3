// Under which name a replica competes for a Lease.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** `<hostname>_<random uuid>`: a restarted pod of the same name is another candidate. */
export function newIdentity(host: string = hostname()): string {
  return `${host}_${randomUUID()}`;
}
