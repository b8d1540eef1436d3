// The answer to a change: `{ id, message, status, version }`.
import { parseObject } from '@longshore/cloud-http';
import { ownEmlbId } from './emlb-ids.ts';

/** The ID of what was made or changed. */
export function parseMade<T extends string>(raw: unknown): T {
  return ownEmlbId<T>(parseObject(raw, 'the answer'));
}
