// Requests as one identity: adds credentials and user agent, waits for the client-side limit, repeats where retry-plan.ts says so, counts.
// Several clients (`named`) share one; each has its own user agent, a service account its own credentials.
import { sleep } from '@longshore/reconciler-core';
import type { Clock, TokenBucket } from '@longshore/reconciler-core';
import { isCertificateFailure, parseRetryAfterMs, remedyFor } from './classify-kube-error.ts';
import type { Credentials, Identity, RequestHeaders } from './credentials.ts';
import type { AnswerStream } from './http/answer-stream.ts';
import type { ConnectionUse } from './http/connection-pool.ts';
import { KubeTransportError } from './kube-transport-error.ts';
import type { RestClientMetrics } from './rest-client-metrics.ts';
import { planRetry } from './retry-plan.ts';
import type { AttemptResult, RetryPlan } from './retry-plan.ts';
import { ExchangeFailure } from './transport.ts';
import type { HttpAnswer, HttpCall, Transport } from './transport.ts';

/** One call to the API server. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** What all calls to one API server share. */
export interface ApiTransportOptions {
  readonly server: URL;
  readonly transport: Transport;
  readonly credentials: Credentials;
  /** Tells identities apart in the connection pool. */
  readonly owner: string;
  readonly clock: Clock;
  readonly metrics: RestClientMetrics;
  readonly limit?: TokenBucket | undefined;
  /** For calls that name no limit of their own; 60 s by default. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 60_000;
const NEVER_ABORTED = new AbortController().signal;

interface History {
  readonly method: string;
  waits: number;
  resets: number;
  hasRenewed: boolean;
}

/** Calls with retries, as one identity. */
export class ApiTransport {
  readonly #options: ApiTransportOptions;

  constructor(options: ApiTransportOptions) {
    this.#options = options;
  }

  /** `https://host:port`, for messages. */
  get server(): string {
    return this.#options.server.origin;
  }

  /** The same server and connections with another identity or limit. */
  with(change: Partial<Pick<ApiTransportOptions, 'owner' | 'credentials' | 'limit'>>): ApiTransport {
    return new ApiTransport({ ...this.#options, ...change });
  }

  /** Any answer, whatever its status; rejects with KubeTransportError or the signal's reason. */
  send(call: ApiCall): Promise<HttpAnswer> {
    return this.#repeat(call, 'calls', (httpCall) => this.#options.transport.send(httpCall));
  }

  /** Resolves with the header. Not repeated after Retry-After: the reader of a stream has its own pauses. */
  open(call: ApiCall): Promise<AnswerStream> {
    return this.#repeat(call, 'streams', (httpCall) => this.#options.transport.open(httpCall));
  }

  async #repeat<A extends HttpAnswer | AnswerStream>(
    call: ApiCall,
    use: ConnectionUse,
    exchange: (call: HttpCall) => Promise<A>,
  ): Promise<A> {
    const history: History = { method: call.method, waits: 0, resets: 0, hasRenewed: false };
    for (;;) {
      if (this.#options.limit) await this.#waitForLimit(this.#options.limit, call);
      const attempt = await this.#attempt(call, use, exchange);
      const plan = planRetry(attempt.result, history);
      const goesOn = use === 'calls' || plan.next === 'renew' ? await this.#prepare(plan, history, call) : false;
      if (!goesOn) return this.#conclude(attempt, call);
      if (attempt.kind === 'answered' && 'destroy' in attempt.answer) attempt.answer.destroy();
      this.#options.metrics.retried(call.method, attempt.code);
    }
  }

  async #attempt<A extends HttpAnswer | AnswerStream>(
    call: ApiCall,
    use: ConnectionUse,
    exchange: (call: HttpCall) => Promise<A>,
  ): Promise<Attempt<A>> {
    const { clock } = this.#options;
    const current = this.#options.credentials.current();
    const identity = current instanceof Promise ? await current : current;
    const startMs = clock.monotonicMs();
    let attempt: Attempt<A>;
    try {
      attempt = answered(await exchange(this.#toHttpCall(call, use, identity)));
    } catch (error) {
      if (!(error instanceof ExchangeFailure)) throw error;
      attempt = failed(error);
    }
    this.#options.metrics.finished({
      method: call.method,
      code: attempt.code,
      durationMs: clock.monotonicMs() - startMs,
      requestBytes: call.body?.length ?? 0,
      responseBytes: attempt.kind === 'answered' && 'body' in attempt.answer ? attempt.answer.body.length : 0,
    });
    return attempt;
  }

  #toHttpCall(call: ApiCall, use: ConnectionUse, identity: Identity): HttpCall {
    const headers: RequestHeaders = {
      accept: call.accept ?? 'application/json',
      'user-agent': call.userAgent,
      ...identity.headers,
      ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
    };
    return {
      method: call.method,
      path: call.path,
      headers,
      body: call.body,
      tls: identity.tls,
      use,
      owner: this.#options.owner,
      signal: call.signal,
      timeoutMs: call.timeoutMs ?? this.#options.timeoutMs ?? TIMEOUT_MS,
    };
  }

  /** Does what has to be done before the next attempt; false when there is none. */
  async #prepare(plan: RetryPlan, history: History, call: ApiCall): Promise<boolean> {
    if (plan.next === 'finish') return false;
    if (plan.next === 'renew') {
      history.hasRenewed = true;
      const isNew = await this.#options.credentials.renew();
      return isNew || !plan.onlyIfChanged;
    }
    if (plan.because === 'reset') history.resets++;
    else history.waits++;
    if (plan.ms > 0) await sleep(this.#options.clock, plan.ms, call.signal);
    return true;
  }

  #conclude<A>(attempt: Attempt<A>, call: ApiCall): A {
    if (attempt.kind === 'answered') return attempt.answer;
    const { failure } = attempt;
    const remedy = remedyFor(failure.causeCode);
    const what = `${call.method} ${this.server}${call.path.replace(/\?.*/, '')}: ${failure.message}`;
    const code = failure.isTimeout ? 'KUBE_API_TIMEOUT' : 'KUBE_API_UNREACHABLE';
    throw new KubeTransportError(code, remedy ? `${what}; ${remedy}` : what, failure.cause);
  }

  async #waitForLimit(limit: TokenBucket, call: ApiCall): Promise<void> {
    const { clock, metrics } = this.#options;
    const startMs = clock.monotonicMs();
    await limit.take(call.signal ?? NEVER_ABORTED);
    metrics.limited(call.method, clock.monotonicMs() - startMs);
  }
}

type Attempt<A> = { readonly result: AttemptResult; readonly code: string } & (
  { readonly kind: 'answered'; readonly answer: A } | { readonly kind: 'failed'; readonly failure: ExchangeFailure }
);

function answered<A extends HttpAnswer | AnswerStream>(answer: A): Attempt<A> {
  const { status, retryAfter } = answer;
  return {
    kind: 'answered',
    answer,
    code: String(status),
    result: { kind: 'answer', status, retryAfterMs: parseRetryAfterMs(retryAfter) },
  };
}

function failed<A>(failure: ExchangeFailure): Attempt<A> {
  const { causeCode, isReusedSocket } = failure;
  const isBadCertificate = isCertificateFailure(causeCode);
  return {
    kind: 'failed',
    failure,
    code: '<error>',
    result: { kind: 'failure', code: causeCode, isReusedSocket, isCertificateFailure: isBadCertificate },
  };
}
