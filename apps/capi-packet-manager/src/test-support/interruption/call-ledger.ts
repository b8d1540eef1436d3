// Numbers the calls that programs make, and says at which one a program is to be killed. A call is known by what it does and how often that
// was done before, because what runs side by side has no order that is the same in two runs. Pure.

/** One call. */
export interface SeenCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
}

/** The n-th call of a name. */
export interface CallMark {
  readonly name: string;
  /** From 1. */
  readonly nth: number;
}

/** Where a program is killed: before the call is done, or between its end and its answer. */
export interface Wound extends CallMark {
  readonly isDone: boolean;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** The name of a call: the same in every run. */
export function callName({ method, path }: SeenCall): string {
  const [plain = ''] = path.split('?');
  return `${method} ${plain.replaceAll(UUID, '{id}').replace(/bootstrap-token-[a-z0-9]+/, 'bootstrap-token-{id}')}`;
}

/** Whether a call to an API server changes what the controllers work on: who leads and what is told to people is no part of it. */
export function isKubeWrite({ method, path }: SeenCall): boolean {
  return method !== 'GET' && !/\/(?:events|leases)(?:[/?]|$)/.test(path);
}

/** All calls of one life. */
export class CallLedger {
  readonly #wound: Wound | undefined;
  readonly #counts = new Map<string, number>();
  readonly marks: CallMark[] = [];
  /** The wound was met. */
  isHit = false;

  constructor(wound?: Wound) {
    this.#wound = wound;
  }

  /** Notes the call; whether it is the one. */
  note(call: SeenCall): boolean {
    const name = callName(call);
    const nth = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, nth);
    this.marks.push({ name, nth });
    const isIt = !this.isHit && name === this.#wound?.name && nth === this.#wound.nth;
    if (isIt) this.isHit = true;
    return isIt;
  }

  /** Whether the call that was met is to be done before the end. */
  get isDone(): boolean {
    return this.#wound?.isDone === true;
  }
}
