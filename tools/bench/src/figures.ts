// The figures to reach (docs/architecture.md "Figures"), as data: `bench -- check` compares runs with them.

/** A bound on one key of a benchmark's result. */
export interface Figure {
  readonly benchmark: 'nodes' | 'steady' | 'services' | 'watch' | 'start' | 'failover' | 'csi' | 'machines';
  readonly key: string;
  readonly atMost: number | ((result: Readonly<Record<string, unknown>>) => number);
  readonly what: string;
}

// The figures are in MB, what is measured in MiB.
const mb = (megabytes: number): number => Math.floor((megabytes * 1e6) / 2 ** 20);
const timesFloor = (result: Readonly<Record<string, unknown>>): number => 1.3 * Number(result['floorSeconds']);

/** Order is the order of the printed table. */
export const figures: readonly Figure[] = [
  {
    benchmark: 'nodes',
    key: 'seconds',
    atMost: timesFloor,
    what: '1,000 fresh nodes initialized (1.3 x the floor of this run)',
  },
  { benchmark: 'nodes', key: 'cloudCalls', atMost: 8, what: 'cloud calls for it' },
  { benchmark: 'nodes', key: 'peakRssMiB', atMost: mb(100), what: 'peak resident memory, 1,000 nodes (MiB; 100 MB)' },
  { benchmark: 'nodes', key: 'eventsMissing', atMost: 0, what: 'Synced events missing 60 s later' },
  {
    benchmark: 'steady',
    key: 'steadyCloudCalls',
    atMost: 16,
    what: 'cloud calls in ten minutes with nothing to do',
  },
  {
    benchmark: 'watch',
    key: 'peakRssMiB',
    atMost: mb(140),
    what: 'peak resident memory, 5,000 nodes of 10 KB (MiB; 140 MB)',
  },
  {
    benchmark: 'services',
    key: 'addressDelaySeconds',
    atMost: 1,
    what: 'address shown after the balancer is ready (s)',
  },
  { benchmark: 'services', key: 'warnings', atMost: 0, what: 'Warning events on the way' },
  {
    benchmark: 'services',
    key: 'nodeAddedExtraWrites',
    atMost: 0,
    what: 'balancer writes beyond one per balancer, one node added',
  },
  {
    benchmark: 'services',
    key: 'restartCloudWrites',
    atMost: 0,
    what: 'cloud writes after a restart with nothing to do',
  },
  {
    benchmark: 'services',
    key: 'restartClusterWrites',
    atMost: 0,
    what: 'cluster writes but the Lease after such a restart',
  },
  { benchmark: 'start', key: 'firstRequestMs', atMost: 250, what: 'start to first request (ms, median)' },
  { benchmark: 'failover', key: 'seconds', atMost: 2, what: 'failover after SIGTERM (s)' },
  { benchmark: 'csi', key: 'idleResidentMB', atMost: 60, what: 'resident memory of the idle node plugin (MB)' },
  {
    benchmark: 'csi',
    key: 'residentAfterProbesMB',
    atMost: 60,
    what: 'resident memory of the idle node plugin after 2,000 Probes (MB)',
  },
  { benchmark: 'csi', key: 'startToSocketMs', atMost: 200, what: 'start to bound socket (ms, median)' },
  { benchmark: 'csi', key: 'probeP50Ms', atMost: 0.4, what: 'Identity.Probe over the socket (ms, median)' },
  { benchmark: 'csi', key: 'apiCallsPerVolume', atMost: 8, what: 'API calls for the whole life of a volume' },
  { benchmark: 'machines', key: 'cloudCallsPerMachine', atMost: 1.2, what: 'API calls per Machine beside the lists' },
];

/** One figure held against a result. */
export interface Verdict {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly isMet: boolean;
}

/** The verdicts on one benchmark's result; a missing value is never met, nor one below nothing. */
export function judge(benchmark: Figure['benchmark'], result: Readonly<Record<string, unknown>>): readonly Verdict[] {
  return figures
    .filter((figure) => figure.benchmark === benchmark)
    .map((figure) => {
      const limit = typeof figure.atMost === 'number' ? figure.atMost : figure.atMost(result);
      const value = Number(result[figure.key] ?? Number.NaN);
      return { what: figure.what, value, limit, isMet: value >= 0 && value <= limit };
    });
}
