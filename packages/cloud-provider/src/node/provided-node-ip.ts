// The annotation in which kubelet repeats its `--node-ip`. Parsed as strictly as Kubernetes does: no spaces, at most one IP of each
// family. The result is in canonical form, so that different spellings of one IPv6 address are equal.
import ipaddr from 'ipaddr.js';

/** The IPs that kubelet claims, or why they cannot be understood. */
export type ProvidedNodeIps = { readonly ips: readonly string[] } | { readonly problem: string };

/** Parses the annotation's value; an empty value is a problem, not "none". */
export function parseProvidedNodeIp(value: string): ProvidedNodeIps {
  const parts = value.split(',');
  const ips = parts.map(canonicalIp);
  const unparsed = parts.find((_, index) => ips[index] === undefined);
  if (unparsed !== undefined) return { problem: `could not parse ${JSON.stringify(unparsed)}` };
  const known = ips.filter((ip) => ip !== undefined);
  if (known.length > 2 || (known.length === 2 && isIpv6(known[0]) === isIpv6(known[1]))) {
    return { problem: 'must contain either a single IP or a dual-stack pair of IPs' };
  }
  if (known.length === 2 && known.some((ip) => ip === '0.0.0.0' || ip === '::')) {
    return { problem: "a dual-stack pair cannot include '0.0.0.0' or '::'" };
  }
  return { ips: known };
}

/** One spelling for every IP: IPv4 without leading zeros (mapped ones too), IPv6 as RFC 5952; undefined for anything else. */
export function canonicalIp(text: string): string | undefined {
  if (/^\d+(\.\d+){3}$/.test(text)) {
    const octets = text.split('.').map(Number);
    return octets.every((octet) => octet <= 255) ? octets.join('.') : undefined;
  }
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const ip = ipaddr.IPv6.parse(text);
  return ip.isIPv4MappedAddress() ? ip.toIPv4Address().toString() : ip.toRFC5952String();
}

function isIpv6(ip: string | undefined): boolean {
  return ip?.includes(':') ?? false;
}
