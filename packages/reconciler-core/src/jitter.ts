// Spreads periods, so that many instances that started together do not call together for ever.

/** `ms`, lengthened by a random share of up to `factor`: ms·(1 + factor·[0,1)). */
export function jitter(ms: number, factor: number, random: () => number = Math.random): number {
  return ms * (1 + factor * random());
}
