// Where the API lives, out of what users set. The Go SDK resolves `v1/...` against CLOUDSCALE_API_URL (RFC 3986), so `https://h`,
// `https://h/` and `https://h/v1` are the same; `https://h/v1/`, which it gets wrong, is too.

/** The public API. */
export const CLOUDSCALE_URL = 'https://api.cloudscale.ch/';

/** The part of the URL that paths (`/v1/...`) are added to; what is no URL is given back as it is. */
export function toBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  const path = url.pathname.replace(/\/v1\/+$/, '/');
  url.pathname = path.slice(0, path.lastIndexOf('/') + 1);
  url.search = '';
  url.hash = '';
  return url.href;
}
