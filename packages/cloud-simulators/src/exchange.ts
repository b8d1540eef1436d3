// A request and an answer as the simulated clouds see them, free of the web server. Clouds are lists of routes over these.

/** One request. */
export interface SimRequest {
  readonly method: string;
  /** Path without prefix and query: `/v2/droplets/12`. */
  readonly path: string;
  /** Route template: `/v2/droplets/{id}`. */
  readonly template: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Where it comes from. */
  readonly remoteAddress?: string;
  /** Parsed JSON; `undefined` when there is no body, or none that can be parsed. */
  readonly body: unknown;
  /** The body was there and is no JSON. */
  readonly isMalformed: boolean;
  /** Monotonic time of the arrival. */
  readonly arrivedMs: number;
  /** Answer from what was true before the last change. */
  readonly isStale: boolean;
}

/** One answer: at most one of `body`, `json` and `text`. */
export interface SimAnswer {
  readonly status: number;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is: JSON that was written before. */
  readonly json?: string;
  /** Sent as text, or as the content type of `headers`. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Monotonic time before which it is not sent: work that has to wait for other work. */
  readonly readyAtMs?: number;
}

/** One route of a simulated cloud. `answer` does the work at once; slowness is added outside. */
export interface SimRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `{names}`. */
  readonly template: string;
  /**
   * `api`, the default: guarded (token, quota, schema). `open`: for everybody (metadata). `control`: for people who watch the
   * simulator; not logged, and no fault touches it.
   */
  readonly access?: 'api' | 'open' | 'control';
  readonly answer: (request: SimRequest) => SimAnswer;
}

/** `GET /v2/droplets/{id}`: how routes are named in counters and settings. */
export function routeName(request: Pick<SimRequest, 'method' | 'template'>): string {
  return `${request.method} ${request.template}`;
}
