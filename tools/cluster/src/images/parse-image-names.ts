// Reads what `ctr images import` prints: one line per image, `unpacking NAME (DIGEST)...done`. Pure.

/** The names of the images that were imported. */
export function parseImageNames(output: string): readonly string[] {
  return [...output.matchAll(/^unpacking (\S+) \(/gm)].map(([, name = '']) => name);
}
