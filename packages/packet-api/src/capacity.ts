// Whether machines are to be had. An answer is about this moment only.
import { isTrue, optionalObject, optionalText, parseObject, requiredListOf } from '@longshore/cloud-http';
import { optionalCount } from './fields.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, route } from './routes.ts';

/** Machines that are wanted somewhere: the code of a metro or of a facility. */
export type CapacityWish = { readonly plan: string; readonly quantity: number } & (
  { readonly metro: string; readonly facility?: never } | { readonly facility: string; readonly metro?: never }
);

/** The answer to one wish. */
export interface CapacityAnswer {
  /** Code of the metro or facility. */
  readonly place: string;
  readonly plan: string;
  readonly quantity: number;
  readonly isAvailable: boolean;
}

/** How much there is of a plan somewhere. */
export interface CapacityLevel {
  readonly place: string;
  readonly plan: string;
  readonly level: 'normal' | 'limited' | 'critical' | 'unavailable' | (string & {});
}

/** Where to look: per metro, or per facility as Packet did. */
export type CapacityView = 'metros' | 'facilities';

/** Calls about capacity. */
export class Capacity {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** Asks whether the machines are available; orders nothing. All wishes name metros, or all name facilities. */
  check(wishes: readonly CapacityWish[], signal: AbortSignal): Promise<readonly CapacityAnswer[]> {
    const servers = wishes.map(({ plan, quantity, metro, facility }) =>
      metro === undefined ? { facility, plan, quantity } : { metro, plan, quantity },
    );
    const isByMetro = wishes.some(({ metro }) => metro !== undefined);
    const call = creating(route(isByMetro ? '/capacity/metros' : '/capacity'), { servers }, (body) =>
      requiredListOf(body, 'servers', parseCapacityAnswer),
    );
    return this.#http.send({ ...call, idempotent: true, changesNothing: true }, signal);
  }

  /** How much there is of everything everywhere. */
  report(view: CapacityView, signal: AbortSignal): Promise<readonly CapacityLevel[]> {
    const at = route(view === 'metros' ? '/capacity/metros' : '/capacity');
    return this.#http.send({ method: 'GET', ...at, parse: parseReport }, signal);
  }
}

/** One answer of a check. */
export function parseCapacityAnswer(raw: unknown): CapacityAnswer {
  const answer = parseObject(raw, 'capacity');
  return {
    place: optionalText(answer, 'metro') ?? optionalText(answer, 'facility') ?? '',
    plan: optionalText(answer, 'plan') ?? '',
    quantity: optionalCount(answer, 'quantity') ?? 0,
    isAvailable: isTrue(answer, 'available'),
  };
}

/** The report, flattened. */
export function parseReport(body: unknown): readonly CapacityLevel[] {
  const places = Object.entries(parseObject(parseObject(body, 'the answer')['capacity'], 'capacity'));
  return places.flatMap(([place, plans]) =>
    Object.entries(optionalObject(plans) ?? {}).map(([plan, entry]) => ({
      place,
      plan,
      level: optionalText(optionalObject(entry) ?? {}, 'level') ?? 'unavailable',
    })),
  );
}
