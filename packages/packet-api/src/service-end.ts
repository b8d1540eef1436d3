// The public Packet service, later Equinix Metal, ended on 2026-06-30. Whoever still points at its hosts gets name errors, pages of
// others or nothing; this file says so instead of leaving the user with a puzzle. Pure.
import { CloudApiError } from '@longshore/cloud-http/parts';

/** Where the API was at the end, kept as default because users' configurations rely on it. */
export const PACKET_URL = 'https://api.equinix.com/metal/v1';
/** Where devices found the metadata service at the end. */
export const METADATA_URL = 'https://metadata.platformequinix.com';
/** Day on which the public service ended. */
export const SERVICE_END = '2026-06-30';

const ENDED_HOSTS: ReadonlySet<string> = new Set([
  'api.equinix.com',
  'api.packet.net',
  'api.packet.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
]);

/** Which of the two addresses a notice is about, with the settings that change it. */
const REMEDIES = {
  api: 'set base-url (PACKET_API_URL) to the address of a compatible endpoint',
  metadata: 'set metadata-url (PACKET_METADATA_URL) to the address of a compatible metadata service',
} as const;

/** What a program says at its start when it is going to call the ended service; `undefined` for all other addresses. */
export function endOfServiceNotice(url: string, service: 'api' | 'metadata' = 'api'): string | undefined {
  const host = URL.parse(url)?.hostname;
  if (host === undefined || !ENDED_HOSTS.has(host)) return undefined;
  return `the public Packet (Equinix Metal) service at ${host} ended on ${SERVICE_END}: ${REMEDIES[service]}`;
}

/** A call that failed because nobody serves the API there any more. Code and facts are those of the failure itself. */
export class ServiceEndedError extends CloudApiError {
  constructor(failure: CloudApiError, explanation: string) {
    const { status, apiCode, requestId, retryAfterMs, isLostAnswer, hasApiBody } = failure;
    const facts = { status, apiCode, requestId, retryAfterMs, isLostAnswer, hasApiBody, cause: failure };
    super(
      failure.code as ConstructorParameters<typeof CloudApiError>[0],
      `${failure.message} (${explanation})`,
      failure.disposition,
      facts,
    );
    this.name = 'ServiceEndedError';
  }
}

/** The service at this address has ended, as far as the failure shows. */
export function isServiceEnded(error: unknown): error is ServiceEndedError {
  return error instanceof ServiceEndedError;
}

// Failures that happen on this side of the wire say nothing about the service.
const OWN_FAILURES: ReadonlySet<string> = new Set(['CLOUD_DRY_RUN', 'CLOUD_TOKEN_UNUSABLE', 'CLOUD_RATE_LIMITED']);

/** The error of a failed call, with an explanation where the end of the service is the likely cause. */
export function explainFailure(error: unknown, url: string, service: 'api' | 'metadata' = 'api'): unknown {
  if (!(error instanceof CloudApiError) || OWN_FAILURES.has(error.code)) return error;
  if (error.status === 410) return new ServiceEndedError(error, `410: what was here has ended; ${REMEDIES[service]}`);
  const notice = endOfServiceNotice(url, service);
  // In the API's own words somebody still answers, whatever the calendar says.
  return notice === undefined || error.hasApiBody ? error : new ServiceEndedError(error, notice);
}
