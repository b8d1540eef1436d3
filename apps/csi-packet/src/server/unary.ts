// Turns services of this program (objects of async functions) into what grpc-js serves: gives each call a signal that ends in time, and
// maps everything that is thrown. Without it an async handler that throws would leave its caller hanging and end the process.
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { abortable } from '@longshore/reconciler-core';
import type { Cancel, Clock, Logger } from '@longshore/reconciler-core';
import { timeForCall } from './call-deadline.ts';
import { aborted } from './csi-error.ts';
import { isOwnFault, numberOf, statusOfError } from './status-of-error.ts';

/** What a handler gets besides the request. */
export interface CallContext {
  /** Aborts when the caller has gone or its time is nearly up. Work that must not stop half-way does not listen to it. */
  readonly signal: AbortSignal;
}

/** One handler. An answer that is known is given as it is: the call then costs neither a signal nor a timer. */
export type Handler<Request, Response> = (request: Request, context: CallContext) => Promise<Response> | Response;

/** The handlers of a service, typed by the server interface that ts-proto made for it. */
export type Handlers<ServerInterface> = {
  readonly [Name in keyof KnownMethods<ServerInterface>]: KnownMethods<ServerInterface>[Name] extends handleUnaryCall<
    infer Request,
    infer Response
  >
    ? Handler<Request, Response>
    : never;
};

// The generated interfaces extend one with an index signature, which would swallow all names.
type KnownMethods<ServerInterface> = {
  [Name in keyof ServerInterface as string extends Name ? never : Name]: ServerInterface[Name];
};

/** What serving needs. */
export interface UnaryOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Keeps secrets out of error texts. */
  readonly redact: (text: string) => string;
}

/** Handlers to an implementation for `Server.addService`; methods without a handler answer UNIMPLEMENTED. */
export function unaryService<ServerInterface>(
  handlers: Partial<Handlers<ServerInterface>>,
  options: UnaryOptions,
): UntypedServiceImplementation {
  const entries = Object.entries(handlers) as [string, Handler<unknown, unknown>][];
  return Object.fromEntries(entries.map(([name, handler]) => [name, serve(name, handler, options)]));
}

function serve(
  name: string,
  handler: Handler<unknown, unknown>,
  options: UnaryOptions,
): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    const fail = (error: unknown): void => refuse(name, error, { callback, options });
    const limit = new CallLimit(call, options.clock);
    try {
      const response = handler(call.request, limit);
      if (response instanceof Promise) limit.wait(response).then((value) => callback(null, value), fail);
      else callback(null, response);
    } catch (error) {
      fail(error);
    }
  };
}

function refuse(
  name: string,
  error: unknown,
  { callback, options }: { readonly callback: sendUnaryData<unknown>; readonly options: UnaryOptions },
): void {
  const status = statusOfError(error);
  if (isOwnFault(error)) options.log.error('a handler failed', { handler: name, error });
  callback({ code: numberOf(status), details: options.redact(status.details) });
}

// Signal and timer are made when somebody wants them: kubelet and the sidecars ask Probe all day, and it waits for nothing.
class CallLimit implements CallContext {
  readonly #call: ServerUnaryCall<unknown, unknown>;
  readonly #clock: Clock;
  #stop: AbortController | undefined;
  #cancelTimer: Cancel | undefined;

  constructor(call: ServerUnaryCall<unknown, unknown>, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    this.#stop ??= this.#start();
    return this.#stop.signal;
  }

  /** What the handler promises, or the reason to wait no longer: those deaf to the signal are left behind, what they do goes on. */
  async wait(response: Promise<unknown>): Promise<unknown> {
    try {
      return await abortable(response, this.signal);
    } finally {
      this.#cancelTimer?.();
    }
  }

  #start(): AbortController {
    const stop = new AbortController();
    const leave = (why: string): void => stop.abort(aborted(`${why}: repeat the call, it joins the work that goes on`));
    this.#call.on('cancelled', () => leave('the caller has gone'));
    const timeMs = timeForCall(this.#call.getDeadline(), this.#clock.nowMs());
    this.#cancelTimer = this.#clock.after(timeMs, () => leave('not done before the deadline'));
    return stop;
  }
}
