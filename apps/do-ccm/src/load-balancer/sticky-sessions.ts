// Whether a client stays with one node.
import type { StickySessions } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { wrong } from './problems.ts';
import type { Decided } from './problems.ts';

/** Cookies need a name and a life; without cookies both are ignored. */
export function desiredStickySessions(settings: Settings): Decided<StickySessions> {
  const { stickyType, stickyCookieName, stickyCookieTtl } = settings;
  if (stickyType !== 'cookies') return { value: { type: 'none' }, problems: [] };
  const problems = [
    ...(stickyCookieName === undefined ? [missing('stickyCookieName', 'name')] : []),
    ...(stickyCookieTtl === undefined ? [missing('stickyCookieTtl', 'ttl')] : []),
  ];
  return {
    value: { type: 'cookies', cookieName: stickyCookieName ?? '', cookieTtlSeconds: stickyCookieTtl ?? 0 },
    problems,
  };
}

function missing(name: 'stickyCookieName' | 'stickyCookieTtl', what: string): ReturnType<typeof wrong> {
  const { key } = ANNOTATIONS[name];
  return wrong(key, `sticky session cookie ${what} not specified, but required: set annotation ${key}`);
}
