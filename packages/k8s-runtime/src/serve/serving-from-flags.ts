// From flag values to the page server of a program. Called once when a program is put together.
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { FlagValues } from '../process/flags.ts';
import type { Guard, Pages } from './page.ts';
import { PageServer } from './page-server.ts';
import { ServingCertificates } from './serving-certificates.ts';
import type { servingFlags } from './serving-flags.ts';

/** What is served, and who guards it. */
export interface ServingParts {
  /** Base name of the files in `--cert-dir`. */
  readonly program: string;
  readonly pages: Pages;
  readonly clock: Clock;
  readonly log: Logger;
  /** DelegatedAuth; absent: everybody may see everything. */
  readonly auth?: ServingAuth | undefined;
  /** Instead of `--secure-port`: 0 takes any free port (tests). */
  readonly port?: number | undefined;
}

/** The part of DelegatedAuth that a server needs. */
export interface ServingAuth {
  readonly guard: Guard;
  readonly clientCas: readonly string[];
  onNewCas(listener: () => void): void;
}

/** The server of the secure port; undefined when `--secure-port=0`. Throws an OperatorError when a certificate file cannot be used. */
export function pageServerFromFlags(
  values: FlagValues<typeof servingFlags>,
  parts: ServingParts,
): PageServer | undefined {
  return values['secure-port'] === 0 ? undefined : newPageServer(values, parts);
}

/** The server, whatever the port. */
export function newPageServer(values: FlagValues<typeof servingFlags>, parts: ServingParts): PageServer {
  const { program, pages, clock, log, auth, port = values['secure-port'] } = parts;
  const bindAddress = values['bind-address'];
  const certificates = new ServingCertificates({
    certFile: values['tls-cert-file'],
    keyFile: values['tls-private-key-file'],
    certDir: values['cert-dir'],
    pairName: program,
    sniPairs: values['tls-sni-cert-key'],
    minVersion: values['tls-min-version'],
    cipherSuites: values['tls-cipher-suites'],
    curves: values['tls-curve-preferences'],
    generatedNames: generatedNames(bindAddress),
    clientCas: () => auth?.clientCas ?? [],
    clock,
    log,
  });
  const permitPortSharing = values['permit-port-sharing'];
  const listen = { bindAddress, port, portFlag: '--secure-port', addressFlag: '--bind-address', permitPortSharing };
  const server = new PageServer({ listen, pages, guard: auth?.guard, certificates, clock, log });
  auth?.onNewCas(() => server.refreshCertificates());
  return server;
}

/** As upstream: localhost, and the address if it is a certain one. */
function generatedNames(bindAddress: string): readonly string[] {
  const isAny = ['', '0.0.0.0', '::', '127.0.0.1'].includes(bindAddress);
  return ['localhost', '127.0.0.1', ...(isAny ? [] : [bindAddress])];
}
