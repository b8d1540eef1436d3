// A fixed number of workers over a list, for passes over many objects (addresses of all nodes, targets of all balancers).

/** Work on one item; `index` counts from 0 in the order of the items. */
export type ItemWork<T> = (item: T, index: number) => Promise<void>;

/**
 * Runs `work` for all `items`, `workers` at a time. One item's error does not stop the others: all errors come together in an
 * AggregateError. After an abort no further item is begun, those that run are waited for, and what was left out rejects with
 * `signal.reason`.
 */
export async function parallelUntil<T>(
  items: Iterable<T>,
  workers: number,
  work: ItemWork<T>,
  signal: AbortSignal,
): Promise<void> {
  const errors: unknown[] = [];
  const left = items[Symbol.iterator]();
  let begun = 0;
  let isComplete = false;
  const next = (): { item: T; index: number } | undefined => {
    if (isComplete || signal.aborted) return undefined;
    const step = left.next();
    if (!step.done) return { item: step.value, index: begun++ };
    isComplete = true;
    return undefined;
  };
  const worker = async (): Promise<void> => {
    for (let step = next(); step; step = next()) {
      try {
        await work(step.item, step.index);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, workers) }, worker));
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} of ${begun} items failed`);
  if (!isComplete && !left.next().done) throw signal.reason;
}
