// Goes through the cases of a matrix that is too long for one place: several places take the next case each, and one that fails does not
// keep the others from being seen. A long run says how far it is; `LONGSHORE_SLICE=2/5` takes every fifth case, from the second.
import { longRunsOnly } from '../site/long-runs.ts';

/** The cases that this run is for: all, or those of its slice. */
export function sliceOf<Case>(cases: readonly Case[], slice = process.env['LONGSHORE_SLICE']): readonly Case[] {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(slice ?? '') ?? [];
  if (parts === undefined) return cases;
  return cases.filter((_, index) => index % Number(parts) === Number(part) - 1);
}

/** Tries each case in one of the places; the failures. */
export async function failuresOf<Place, Case>(
  places: readonly Place[],
  cases: readonly Case[],
  attempt: (place: Place, one: Case) => Promise<void>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  let next = 0;
  const work = async (place: Place): Promise<void> => {
    for (let one = cases[next++]; one !== undefined; one = cases[next++]) {
      const title = JSON.stringify(one);
      const startedAt = Date.now();
      const failure = await attempt(place, one).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
      if (failure !== undefined) failures.push(`${title}: ${failure}`);
      tell(`${next} of ${cases.length}, ${Date.now() - startedAt} ms: ${title}${failure ? ` FAILED\n${failure}` : ''}`);
    }
  };
  await Promise.all(places.map(work));
  return failures;
}

function tell(line: string): void {
  if (longRunsOnly() === undefined) process.stderr.write(`${line}\n`);
}
