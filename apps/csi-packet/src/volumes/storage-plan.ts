// The two kinds of volumes, under all their names. Pure.

/** Name as StorageClasses have it. */
export type StoragePlan = 'standard' | 'performance';

interface PlanRow {
  readonly plan: StoragePlan;
  readonly id: string;
  /** The oldest API called the standard plan storage_0. */
  readonly slugs: readonly string[];
}

const ROWS: readonly PlanRow[] = [
  { plan: 'standard', id: '87728148-3155-4992-a730-8d1e6aca8a32', slugs: ['storage_1', 'storage_0'] },
  { plan: 'performance', id: 'd6570cfb-38fa-4467-92b3-e45d059bb249', slugs: ['storage_2'] },
];

/** What users may write. */
export const PLAN_WORDS = 'standard, performance, storage_1, storage_2, or the UUID of one of the two';

/** A name, slug or UUID as plan. */
export function parseStoragePlan(text: string): StoragePlan | undefined {
  const word = text.toLowerCase();
  return ROWS.find(({ plan, id, slugs }) => [plan, id, ...slugs].includes(word))?.plan;
}

/** The UUID that the API is sent. */
export function planId(plan: StoragePlan): string {
  return ROWS.find((row) => row.plan === plan)?.id ?? '';
}

/** The plan of a volume; `undefined` for one that this program does not know. */
export function planOfVolume({
  plan,
}: {
  readonly plan: { readonly id: string | undefined; readonly slug: string | undefined };
}): StoragePlan | undefined {
  return (plan.id && parseStoragePlan(plan.id)) || (plan.slug && parseStoragePlan(plan.slug)) || undefined;
}
