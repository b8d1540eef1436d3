// The audit log of a control plane, read back: which user was allowed or refused what, and by which binding.
import { readFile } from 'node:fs/promises';

/** The parts of an audit event that tests look at; the rest of audit.k8s.io/v1 Event is there too. */
export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly reason?: string };
  /** `authorization.k8s.io/decision` and `authorization.k8s.io/reason` say who allowed the call. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All events so far, oldest first. */
export async function readAuditLog(path: string): Promise<readonly AuditEvent[]> {
  return parseAuditLog(await readFile(path, 'utf8').catch(() => ''));
}

/** One event per complete line; a line that is still being written is left out. */
export function parseAuditLog(text: string): readonly AuditEvent[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);
}
