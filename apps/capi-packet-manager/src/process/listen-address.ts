// Addresses of `--metrics-addr` and `--health-addr`, as controller-runtime writes them. Pure.
import { isIPv4, isIPv6 } from 'node:net';
import type { ListenAddress } from '@longshore/k8s-runtime';

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`, `8080`; `0` and nothing mean "do not listen" (undefined). A host with port 0 takes any free port. */
export function parseListenAddress(
  flag: string,
  text: string,
): ListenAddress | undefined | { readonly problem: string } {
  if (text === '' || text === '0') return undefined;
  const match = /^(?:(?<host>[^:[\]]*|\[[^\]]+\]):)?(?<port>\d{1,5})$/.exec(text);
  const { host, port } = partsOf(match);
  if (!(port <= 65_535) || !isHost(host)) {
    return { problem: 'is not an address; use :8080, 127.0.0.1:8080, or 0 for none' };
  }
  return { bindAddress: host, port, portFlag: `--${flag}`, addressFlag: `--${flag}` };
}

function partsOf(match: RegExpExecArray | null): { readonly host: string; readonly port: number } {
  const { host = '', port = 'none' } = match?.groups ?? {};
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function isHost(host: string): boolean {
  return host === '' || isIPv4(host) || isIPv6(host) || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host);
}
