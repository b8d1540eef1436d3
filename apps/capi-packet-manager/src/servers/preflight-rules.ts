// What is wrong with a wish for servers, given what the API offers. Pure. Each problem names the field and what to write instead.
import type { Facility, OperatingSystem, Plan, Project } from '@longshore/packet-api';
import type { AccountProblem, AccountWish } from './contract.ts';
import { isMetro } from './server-orders.ts';

/** What the API offers. */
export interface Offer {
  readonly plans: readonly Plan[];
  readonly systems: readonly OperatingSystem[];
  readonly facilities: readonly Facility[];
}

/** Whether the API has so many servers, by `<place>/<plan>/<quantity>`. */
export type CapacityAnswers = ReadonlyMap<string, boolean>;

const BILLING_CYCLES = ['hourly', 'daily', 'monthly', 'yearly'];

/** Unknown plan, operating system, facility or billing cycle. */
export function problemsOfWish(wish: AccountWish, offer: Offer): readonly AccountProblem[] {
  const at = (part: string, message: string): AccountProblem => ({ field: `${wish.field}: ${part}`, message });
  const plan = offer.plans.find(({ slug, line }) => slug === wish.plan && line !== 'storage');
  const found = {
    machineType: plan === undefined ? unknownText(wish.plan, 'plan', serverPlans(offer)) : undefined,
    OS: systemProblem(wish, offer.systems, plan),
    facility: facilityProblem(wish, offer, plan),
    billingCycle: BILLING_CYCLES.includes(wish.billingCycle)
      ? undefined
      : unknownText(wish.billingCycle, 'billing cycle', BILLING_CYCLES),
  };
  return Object.entries(found).flatMap(([part, message]) => (message === undefined ? [] : [at(part, message)]));
}

/** Wishes for the same plan at the same places as one, because they take from the same stock. */
export function sumWishes(wishes: readonly AccountWish[]): readonly AccountWish[] {
  const groups = Map.groupBy(wishes, ({ plan, facilities }) => [plan, ...facilities].join(' '));
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    return [{ ...first, quantity: others.reduce((sum, { quantity }) => sum + quantity, first.quantity) }];
  });
}

/** No facility of a wish has the servers. The API may have some by the time they are ordered, but then they would be ordered in part. */
export function capacityProblems(wishes: readonly AccountWish[], answers: CapacityAnswers): readonly AccountProblem[] {
  return wishes
    .filter(({ plan, facilities, quantity }) =>
      facilities.every((place) => answers.get(`${place}/${plan}/${quantity}`) === false),
    )
    .map(({ field, plan, facilities, quantity }) => ({
      field: `${field}: facility`,
      message: `${facilities.join(', ')} cannot provide ${quantity} x ${plan} now: name another facility or plan`,
    }));
}

/** More devices than the project may have. */
export function quotaProblems(
  { id, maxDevices }: Pick<Project, 'id' | 'maxDevices'>,
  devices: number,
  wishes: readonly AccountWish[],
): readonly AccountProblem[] {
  const [first] = wishes;
  const wanted = wishes.reduce((sum, { quantity }) => sum + quantity, 0);
  if (first === undefined || maxDevices === undefined || devices + wanted <= maxDevices) return [];
  const message = `project ${id} may have ${maxDevices} devices, has ${devices}, and ${wanted} more are wanted: ask for a higher limit or remove some`;
  return [{ field: `${first.field}: projectID`, message }];
}

/** No key is given and the project has none: nobody could log in, and the API may refuse. */
export function sshKeyProblems(wishes: readonly AccountWish[], keys: number): readonly AccountProblem[] {
  if (keys > 0) return [];
  const message =
    'no SSH key is given, and neither the project nor its owner has one: set SSH_KEY or put a key into the project';
  return wishes
    .filter(({ sshKeys }) => sshKeys.length === 0)
    .map(({ field }) => ({ field: `${field}: sshKeys`, message }));
}

function systemProblem(
  { operatingSystem, plan: slug }: AccountWish,
  systems: readonly OperatingSystem[],
  plan: Plan | undefined,
): string | undefined {
  const system = systems.find((one) => [one.slug, one.name].includes(operatingSystem));
  if (system === undefined) {
    const usable = systems.filter(({ provisionableOn }) => provisionableOn.includes(slug));
    return unknownText(
      operatingSystem,
      'operating system',
      (usable.length === 0 ? systems : usable).map((one) => one.slug),
    );
  }
  // Without the list nothing is known; an unknown plan is said to be one elsewhere.
  const { provisionableOn } = system;
  if (plan === undefined || provisionableOn.length === 0 || provisionableOn.includes(slug)) return undefined;
  return `"${operatingSystem}" cannot be installed on plan ${slug}: choose another plan or operating system`;
}

function facilityProblem({ facilities }: AccountWish, offer: Offer, plan: Plan | undefined): string | undefined {
  if (facilities.length === 0) return 'no facility is named: name at least one';
  const metros = offer.facilities.flatMap(({ metro }) => metro?.code ?? []);
  const codes = offer.facilities.map(({ code }) => code);
  // Where facilities do not say their metro nothing is known of metros.
  const isKnown = (code: string): boolean =>
    isMetro(code) ? metros.length === 0 || metros.includes(code) : codes.includes(code);
  const unknown = facilities.filter((code) => !isKnown(code));
  if (unknown.length > 0) return unknownText(unknown.join(', '), 'facility', codes);
  const elsewhere = facilities.filter((code) => !isOfferedAt(code, offer, plan));
  return elsewhere.length < facilities.length
    ? undefined
    : `plan ${plan?.slug ?? ''} is not offered in ${elsewhere.join(', ')}: name another facility or plan`;
}

function isOfferedAt(code: string, { facilities }: Offer, plan: Plan | undefined): boolean {
  if (plan === undefined || plan.facilityIds.length === 0) return true;
  const here = facilities.filter((one) => one.code === code || one.metro?.code === code);
  return here.length === 0 || here.some(({ id }) => plan.facilityIds.includes(id));
}

function serverPlans({ plans }: Offer): readonly string[] {
  return plans.filter(({ line }) => line !== 'storage').map(({ slug }) => slug);
}

function unknownText(value: string, what: string, known: readonly string[]): string {
  return `unknown ${what} "${value}": known are ${known.toSorted().join(', ')}`;
}
