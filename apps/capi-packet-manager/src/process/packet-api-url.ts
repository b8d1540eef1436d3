// Where the Packet API is: `--api-url`, else PACKET_API_URL or METAL_API_URL, else the public address. Pure.
import { PACKET_SETTINGS, PACKET_URL, readSetting } from '@longshore/packet-api';

/** The path of all calls of this API. */
const API_PATH = '/metal/v1';

/** The address with its path, whether that was given or not. */
export function packetApiUrl(
  flag: string,
  env: Readonly<Record<string, string | undefined>>,
): string | { readonly problem: string } {
  const given = flag === '' ? readSetting(PACKET_SETTINGS.baseUrl, { env }) : { text: flag, origin: '--api-url' };
  if (given === undefined) return PACKET_URL;
  const url = URL.parse(given.text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    return { problem: `${given.origin} is not an address like https://host or https://host/metal/v1` };
  }
  return withApiPath(given.text);
}

/** `https://host` and `https://host/prefix/` get `/metal/v1`; what ends in it stays. */
export function withApiPath(text: string): string {
  const base = text.replace(/\/+$/, '');
  return base.endsWith(API_PATH) ? base : `${base}${API_PATH}`;
}
