// What is measured: a program of ours with its simulated cloud, described so that no benchmark knows which one it is.
import type { CallLog } from '@longshore/cloud-simulators';

/** A machine of the simulated cloud and the Node that belongs to it. */
export interface Machine {
  /** Name of the machine and of its Node. */
  readonly name: string;
  readonly providerId: string;
}

/** What the simulated cloud of a benchmark is like. */
export interface CloudOptions {
  readonly latencyMs: number;
  readonly machines: number;
  readonly timeToActiveMs: number;
}

/** The simulated cloud as benchmarks see it. */
export interface BenchCloud {
  /** Handed to a command line as `{url}`. */
  readonly url: string;
  /** Points the program at this cloud. */
  readonly env: Readonly<Record<string, string>>;
  readonly calls: CallLog;
  callsByRoute(): Readonly<Record<string, number>>;
  /** In order of creation. */
  machines(): readonly Machine[];
  addMachine(): Machine;
  /** Calls of this route show that the program has read all machines once. */
  readonly machineListRoute: string;
  /** Absent while the program has no balancers. */
  readonly balancers?: BenchBalancers;
  close(): Promise<void>;
}

/** The balancers of the simulated cloud. */
export interface BenchBalancers {
  /** Calls of this route show that the program has read all balancers once. */
  readonly listRoute: string;
  count(): number;
  /** True when every balancer sends to this machine. */
  areAllSendingTo(machine: Machine): boolean;
  /**
   * When each Service's balancer was ready, on the clock of the simulators (`systemClock.monotonicMs`), by the Service's UID.
   * `nameOf`: `namespace/name`.
   */
  readyAtMs(uids: Iterable<string>, nameOf: (uid: string) => string): ReadonlyMap<string, number>;
}

/** A program that can be measured. */
export interface Subject {
  /** Name of the program and of its folder under apps/. */
  readonly app: string;
  /** Value of `--cloud-provider`. */
  readonly provider: string;
  /** Flags that its users give, too. */
  readonly flags?: readonly string[];
  /** Arguments of node, where the program is not a cloud controller manager; `app` is the folder of the app. */
  readonly command?: (where: { readonly app: string; readonly kubeconfig: string }) => readonly string[];
  simulate(options: CloudOptions): Promise<BenchCloud>;
}
