// The HTTP client of all cloud APIs and the only file that imports axios: sends one call, repeats it as retry-plan.ts says, inside
// the rate budget. Whatever goes wrong leaves as CloudApiError. The token is read anew for every attempt, so a rotated file works.
import axios from 'axios';
import type { AxiosInstance, AxiosResponse } from 'axios';
import type { Agent } from 'node:http';
import { backoff, never, noMetrics, onChange, silentLogger, sleep, systemClock } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import { ApiAgent } from './agent.ts';
import type { Env } from './agent.ts';
import { CallReport } from './call-report.ts';
import type { OnCall } from './call-report.ts';
import { isIdempotent, laneOf, urlOf } from './call.ts';
import type { Call, Query } from './call.ts';
import { CloudApiError, toCloudApiError } from './cloud-api-error.ts';
import { classifyIdMessageBody } from './failure.ts';
import type { ClassifyBody } from './failure.ts';
import { keyOfQuery, nextFromLinks, planNextPage } from './paging.ts';
import type { NextLink } from './paging.ts';
import type { Headers } from './rate-headers.ts';
import { RateBudget } from './rate-budget.ts';
import { answerOf, isAbsence, readAnswer, readTransportError, statusOf } from './read-answer.ts';
import type { Attempt, Failed, Success } from './read-answer.ts';
import { plainCause, redact, shownUrl } from './redact.ts';
import { planRetry } from './retry-plan.ts';
import { withDeadline } from './deadline.ts';

/** Options of a CloudHttp. */
export interface CloudHttpOptions {
  /** Cloud as it stands in metric names: `digitalocean`. */
  readonly provider: string;
  /** May have a path prefix; it is kept for every call. */
  readonly baseUrl: string;
  /** Read for every attempt. */
  readonly token: () => string | Promise<string>;
  readonly userAgent: string;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** The header that carries the token. Default: `Authorization: Bearer …`. */
  readonly authorize?: (token: string) => Readonly<Record<string, string>>;
  /** Recognizes the API's own error body. Default: `{ id, message }`. */
  readonly classifyBody?: ClassifyBody;
  /** Finds the link of the next page. Default: `links.pages.next`. */
  readonly nextLink?: NextLink;
  /** Cap in calls per second; absent: none but the API's own. */
  readonly limiterQps?: number | undefined;
  /** Time for one attempt. Default 30 s. */
  readonly timeoutMs?: number;
  /** For proxies and CA files; `process.env` of the program. Default: neither. */
  readonly env?: Env;
  /** Attempts of one call, the first included. Default 3. */
  readonly maxAttempts?: number;
  /** Refuses every call that would change something. */
  readonly dryRun?: boolean;
  /** Told about each attempt, for counting. */
  readonly onCall?: OnCall;
  /** In [0, 1); for tests. */
  readonly random?: () => number;
}

const LONGEST_ANSWER_BYTES = 64 * 1024 * 1024;

/** One client per API and token. */
export class CloudHttp {
  readonly #options: CloudHttpOptions;
  readonly #baseUrl: URL;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #budget: RateBudget;
  readonly #report: CallReport;
  readonly #agent: ApiAgent;
  readonly #axios: AxiosInstance;
  #lastToken: string | undefined;

  constructor(options: CloudHttpOptions) {
    this.#options = options;
    this.#baseUrl = parseBaseUrl(options.baseUrl);
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#budget = new RateBudget({ clock: this.#clock, qps: options.limiterQps });
    const { provider, metrics = noMetrics, log = silentLogger, onCall } = options;
    this.#report = new CallReport({ provider, metrics, log, onCall });
    this.#agent = new ApiAgent(this.#baseUrl, options.env ?? {});
    this.#axios = axios.create({
      adapter: 'http',
      // The agent knows the proxy. Without one, axios must not look for one by rules of its own; with one, `false` would undo it.
      ...(this.#agent.hasProxy ? {} : { proxy: false as const }),
      maxRedirects: 0,
      maxContentLength: LONGEST_ANSWER_BYTES,
      responseType: 'text',
      transformRequest: [(body: unknown) => body],
      transformResponse: [(body: unknown) => body],
      validateStatus: () => true,
    });
  }

  /** Calls that the API still allows, as far as known. */
  get rateLimitRemaining(): number | undefined {
    return this.#budget.remaining;
  }

  /** Sends the call; `undefined` only for the API's own 404 and only with `absentOn404`. */
  send<T>(call: Call<T> & { readonly absentOn404: true }, signal: AbortSignal): Promise<T | undefined>;
  send<T>(call: Call<T>, signal: AbortSignal): Promise<T>;
  async send<T>(call: Call<T>, signal: AbortSignal): Promise<T | undefined> {
    return (await this.#attempts(call, signal))?.value;
  }

  /** Sends the call for one page after another and gives each page's value. Follows the links of the API until there is none. */
  async *pages<T>(call: Call<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
    const visited = new Set<string>();
    let query: Query = call.query ?? {};
    for (;;) {
      visited.add(keyOfQuery(query));
      const page = await this.#attempts({ ...call, query, absentOn404: false }, signal);
      if (page === undefined) return;
      yield page.value;
      const next = planNextPage(query, (this.#options.nextLink ?? nextFromLinks)(page.body), visited);
      if (next.kind === 'end') return;
      if (next.kind === 'loop') throw this.#pagingLoop(call, query);
      query = next.query;
    }
  }

  /** Closes all connections; calls under way fail. */
  close(): void {
    this.#agent.close();
  }

  async #attempts<T>(call: Call<T>, signal: AbortSignal): Promise<Success<T> | undefined> {
    this.#refuseInDryRun(call);
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#attempt(call, attempt, signal);
      if (result.ok) return result;
      if (call.absentOn404 === true && isAbsence(result.failure)) return undefined;
      const again = await this.#planAgain(call, attempt, result);
      if (again === undefined) throw toCloudApiError(this.#shown(call), result.failure, result.cause);
      this.#report.retry(call, { attempt, ...again });
      await sleep(this.#clock, again.afterMs, signal);
    }
  }

  async #planAgain(
    call: Call<unknown>,
    attempt: number,
    { failure, token }: Failed,
  ): Promise<{ readonly afterMs: number; readonly reason: string } | undefined> {
    const maxAttempts = this.#options.maxAttempts ?? 3;
    const random = (this.#options.random ?? Math.random)();
    const plan = planRetry({ idempotent: isIdempotent(call), attempt, maxAttempts, failure, random });
    if (plan.retry) return { afterMs: plan.afterMs, reason: failure.kind };
    // A 401 on the very change of a token file: the new token deserves one try before anybody is told.
    const isRefused = failure.kind === 'answer' && failure.status === 401 && attempt === 1;
    const isReplaced = isRefused && (await this.#readToken()) !== token;
    return isReplaced ? { afterMs: 0, reason: 'the token was replaced' } : undefined;
  }

  async #attempt<T>(call: Call<T>, attempt: number, signal: AbortSignal): Promise<Attempt<T>> {
    const token = await this.#readToken();
    if (this.#lastToken !== token) this.#budget.forget();
    this.#lastToken = token;
    const ticket = await this.#budget.acquire(laneOf(call), signal);
    let answer: ReturnType<typeof answerOf>;
    try {
      const startMs = this.#clock.monotonicMs();
      const result = await this.#exchange(call, token, signal);
      answer = answerOf(result);
      const durationMs = this.#clock.monotonicMs() - startMs;
      const failure =
        result.ok || (call.absentOn404 === true && isAbsence(result.failure)) ? undefined : result.failure.kind;
      this.#report.attempt(call, { attempt, status: statusOf(result), durationMs, failure });
      if (answer?.hints.remaining !== undefined) this.#report.remaining(answer.hints.remaining);
      return result;
    } finally {
      ticket.settle(answer);
    }
  }

  async #exchange<T>(call: Call<T>, token: string, signal: AbortSignal): Promise<Attempt<T>> {
    const deadline = withDeadline(this.#clock, this.#timeoutMs, signal);
    try {
      const { status, headers, data } = await this.#request(call, token, deadline.signal);
      const answer = { status, headers: lowerCased(headers), text: typeof data === 'string' ? data : '' };
      this.#report.announcement(call, answer.headers);
      const classifyBody = this.#options.classifyBody ?? classifyIdMessageBody;
      return readAnswer(call, answer, { token, nowMs: this.#clock.nowMs(), classifyBody });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (deadline.expired) return { ok: false, token, failure: { kind: 'timeout', timeoutMs: this.#timeoutMs } };
      return readTransportError(error, token);
    } finally {
      deadline.cancel();
    }
  }

  async #request(call: Call<unknown>, token: string, signal: AbortSignal): Promise<AxiosResponse<string>> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const authorize = this.#options.authorize ?? bearer;
    const request = {
      method: call.method,
      url: urlOf(this.#baseUrl, call).href,
      ...(body === undefined ? {} : { data: body }),
      headers: {
        Accept: 'application/json',
        'User-Agent': this.#options.userAgent,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...authorize(token),
      },
      signal,
    };
    const sent = (agent: Agent): Promise<AxiosResponse<string>> =>
      this.#axios.request<string>({ ...request, httpAgent: agent, httpsAgent: agent });
    const used = this.#agent.current;
    try {
      return await sent(used);
    } catch (error) {
      if (!this.#agent.learnCertificates(used, (error as { readonly code?: unknown }).code)) throw error;
      return sent(this.#agent.current);
    }
  }

  async #readToken(): Promise<string> {
    try {
      const token = (await this.#options.token()).trim();
      if (token !== '') return token;
    } catch (error) {
      const cause = plainCause(error, []);
      throw new CloudApiError('CLOUD_TOKEN_UNUSABLE', `the API token cannot be read: ${cause.message}`, backoff, {
        cause,
      });
    }
    throw new CloudApiError('CLOUD_TOKEN_UNUSABLE', 'the API token is empty: put a valid one in place', backoff);
  }

  #refuseInDryRun(call: Call<unknown>): void {
    if (this.#options.dryRun !== true || call.method === 'GET' || call.changesNothing === true) return;
    const { method, url } = this.#shown(call);
    throw new CloudApiError('CLOUD_DRY_RUN', `${method} ${url}: not sent, this is a dry run`, onChange);
  }

  #pagingLoop(call: Call<unknown>, query: Query): CloudApiError {
    const { method, url } = this.#shown({ ...call, query });
    const message = `${method} ${url}: the link of the next page leads back to a page that was read already`;
    return new CloudApiError('CLOUD_UNREADABLE_ANSWER', message, backoff);
  }

  #shown(call: Pick<Call<unknown>, 'method' | 'path' | 'query'>): {
    readonly method: Call<unknown>['method'];
    readonly url: string;
  } {
    return { method: call.method, url: shownUrl(urlOf(this.#baseUrl, call)) };
  }
}

function parseBaseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  const message = `the base URL "${redact(text)}" of the cloud API is none: write https://host or https://host/path`;
  throw new CloudApiError('CLOUD_BASE_URL_INVALID', message, never);
}

function bearer(token: string): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${token}` };
}

function lowerCased(headers: AxiosResponse['headers']): Headers {
  const entries = Object.entries(headers as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    entries.map(([name, value]) => [name.toLowerCase(), typeof value === 'string' ? value : undefined]),
  );
}
