// How long clusterctl waits. Two limits are minutes in environment variables, as in the Go program. Pure.

type Env = Readonly<Record<string, string | undefined>>;

/** A limit and the variable that sets it. */
export interface Limit {
  readonly limitMs: number;
  readonly limitVariable?: string;
}

const MINUTE_MS = 60_000;

/** All limits of one run. */
export interface Limits {
  /** A Machine becomes a Node. */
  readonly machineReady: Limit;
  /** The kubeconfig exists and its API server answers. */
  readonly kubeconfigReady: Limit;
  /** Anything that the API servers do themselves. */
  readonly cluster: Limit;
}

/** The limits; `problems` names variables that are not numbers of minutes. */
export function readLimits(env: Env): { readonly limits: Limits; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const minutes = (limitVariable: string, byDefault: number): Limit => {
    const text = env[limitVariable];
    const value = text === undefined || text === '' ? byDefault : Number(text);
    if (Number.isFinite(value) && value > 0) return { limitMs: value * MINUTE_MS, limitVariable };
    problems.push(`${limitVariable}: "${text ?? ''}" is not a number of minutes`);
    return { limitMs: byDefault * MINUTE_MS, limitVariable };
  };
  const limits: Limits = {
    machineReady: minutes('CLUSTER_API_MACHINE_READY_TIMEOUT', 30),
    kubeconfigReady: minutes('CLUSTER_API_KUBECONFIG_READY_TIMEOUT', 20),
    cluster: { limitMs: 15 * MINUTE_MS },
  };
  return { limits, problems };
}
