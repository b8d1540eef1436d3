// What a call to a cloud API is, as a value: nothing here is sent yet. The api packages build these, cloud-http.ts sends them.

/** HTTP methods that the cloud APIs use. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who goes first when the rate budget is short: `urgent` (deletions by default) before `normal`. */
export type Lane = 'normal' | 'urgent';

/** Values of a query string; `undefined` leaves the name out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One call of a cloud API. */
export interface Call<T> {
  readonly method: Method;
  /** Path below the base URL, with a leading slash, already escaped: `/v2/droplets/12`. */
  readonly path: string;
  /** Route template for metrics and logs (`/v2/droplets/{id}`): never an id, so that label values stay few. */
  readonly name: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Turns the answer's JSON (`undefined` when there is none) into a value; throws when the shape is wrong. */
  readonly parse: (body: unknown) => T;
  /** May be repeated when nobody knows whether it took effect. Default: yes, but not for POST and PATCH. */
  readonly idempotent?: boolean;
  /** Default: `urgent` for DELETE, else `normal`. */
  readonly lane?: Lane;
  /** The API's own 404 becomes `undefined`. An HTML 404 of a proxy stays an error: it says nothing about the object. */
  readonly absentOn404?: boolean;
  /** A call that changes nothing although it is no GET (a validation): allowed in a dry run. */
  readonly changesNothing?: boolean;
}

/** For answers without a body (204). */
export function parseNothing(): undefined {
  return undefined;
}

/** Whether the call may be repeated blindly. */
export function isIdempotent(call: Pick<Call<unknown>, 'method' | 'idempotent'>): boolean {
  return call.idempotent ?? (call.method !== 'POST' && call.method !== 'PATCH');
}

/** The lane of a call. */
export function laneOf(call: Pick<Call<unknown>, 'method' | 'lane'>): Lane {
  return call.lane ?? (call.method === 'DELETE' ? 'urgent' : 'normal');
}

/** Base URL, path and query as one URL. A path prefix of the base (a gateway, a simulator) is kept for every call. */
export function urlOf(baseUrl: URL, call: Pick<Call<unknown>, 'path' | 'query'>): URL {
  const url = new URL(baseUrl.origin);
  url.pathname = `${baseUrl.pathname.replace(/\/+$/, '')}${call.path}`;
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}
