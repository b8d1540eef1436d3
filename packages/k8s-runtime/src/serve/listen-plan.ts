// Where to listen for a bind address, and what to say when that fails. Pure; called by page-server.ts.
import type { ListenOptions } from 'node:net';
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';

/** The flags of one port. */
export interface ListenAddress {
  /** '' and the unspecified addresses mean all interfaces of both families, as in Go. */
  readonly bindAddress: string;
  readonly port: number;
  /** For messages: `--secure-port`. */
  readonly portFlag: string;
  /** For messages: `--bind-address`. */
  readonly addressFlag: string;
  readonly permitPortSharing?: boolean | undefined;
}

/** What to try, in order: a machine without IPv6 takes the second. */
export function listenOptions(address: ListenAddress): readonly ListenOptions[] {
  const { bindAddress, port, permitPortSharing = false } = address;
  const shared = permitPortSharing ? { reusePort: true } : {};
  if (!['', '0.0.0.0', '::'].includes(bindAddress)) return [{ host: bindAddress, port, ...shared }];
  return [
    { host: '::', port, ipv6Only: false, ...shared },
    { host: '0.0.0.0', port, ...shared },
  ];
}

/** One line that names the flag and what to do. */
export function listenProblem(address: ListenAddress, error: unknown): OperatorError {
  const { bindAddress, port, portFlag, addressFlag } = address;
  const where = `${portFlag}: port ${port} on ${bindAddress || 'all interfaces'}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new OperatorError(
        'PORT_IN_USE',
        `${where} is in use by another program; choose another port, or 0 for none`,
        never,
      );
    case 'EACCES':
      return new OperatorError(
        'PORT_FORBIDDEN',
        `${where} is not allowed for this user; choose a port above 1023`,
        never,
      );
    case 'EADDRNOTAVAIL':
      return new OperatorError(
        'ADDRESS_UNKNOWN',
        `${addressFlag}: "${bindAddress}" is no address of this machine`,
        never,
      );
    default:
      return new OperatorError('PORT_UNUSABLE', `${where} cannot be used: ${messageOf(error)}`, never, {
        cause: error,
      });
  }
}
