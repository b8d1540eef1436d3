// What every simulated cloud gives to tests and demos. A new cloud brings routes, a guard and its error bodies (sim-server.ts).
import type { CallLog } from './call-log.ts';
import type { Fault, FaultHandle } from './faults.ts';
import type { SchemaProblem } from './schema-check.ts';

/** A running simulator of a cloud whose state is `State`. */
export interface Simulator<State> {
  /** Base URL for clients, with the path prefix if there is one. */
  readonly url: string;
  /** A token that may do everything. */
  readonly token: string;
  /** What the cloud has, at this moment. */
  readonly state: State;
  readonly calls: CallLog;
  /** Requests with unknown fields, wrong types or unknown query names; tests expect none. */
  readonly schemaProblems: readonly SchemaProblem[];
  /** Number of calls by route: `{ 'GET /v2/droplets/{id}': 2 }`. */
  callsByRoute(): Readonly<Record<string, number>>;
  /** Lets something go wrong. */
  fail(fault: Fault): FaultHandle;
  clearFaults(): void;
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>;
}

/** Time from a request's arrival to its answer: for all calls, or by route with a `default`. */
export type Latency = number | Readonly<Record<string, number>>;

/** Options that every simulated cloud has. */
export interface SimulatorOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1: a simulator is reachable from its own machine only. */
  readonly host?: string;
  /** Serves the API below a path (`/gateway/do`), as behind a gateway. */
  readonly pathPrefix?: string;
  readonly latencyMs?: Latency;
}

/** The latency of a route. */
export function latencyOf(latency: Latency, route: string): number {
  return typeof latency === 'number' ? latency : (latency[route] ?? latency['default'] ?? 0);
}
