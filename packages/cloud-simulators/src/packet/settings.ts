// Behaviour of the simulated Packet API that can be set, and what it is by default: everything quick, nothing scarce.

/** What can be set. Times are in milliseconds of the simulator's clock. */
export interface PacketSettings {
  /** `queued` before the work begins. Default 100. */
  readonly queuedMs: number;
  /** `provisioning` until a device is `active`; its addresses show after a fifth of it. Default 500. */
  readonly provisioningMs: number;
  /** `powering_off` and `powering_on`, each. Default 100. */
  readonly powerMs: number;
  /** `reinstalling`. Default 500. */
  readonly reinstallMs: number;
  /** `deprovisioning` until a deleted device is gone. Default 100. */
  readonly deprovisioningMs: number;
  /** A volume is `queued` this long. Default 100. */
  readonly volumeQueuedMs: number;
  /** A snapshot is `queued` this long. Default 0. */
  readonly snapshotMs: number;
  /** A BGP session is `unknown` this long, then `up`. Default 100. */
  readonly bgpUpMs: number;
  /** The metadata service shows an attached volume this much later. Default 0. */
  readonly metadataLagMs: number;
  /** A new device is missing from lists this long. Default 0. */
  readonly listLagMs: number;
  /**
   * How places are named. `both`: by metro or by facility, as in 2021 to 2024. `metros`: a request that names a facility gets 422.
   * `facilities`: the time before metros, which then appear nowhere. Default `both`.
   */
  readonly places: 'both' | 'metros' | 'facilities';
  /** What links start with: `/projects/…` as in Packet's days, or `/metal/v1/projects/…`. Default `plain`. */
  readonly hrefs: 'plain' | 'prefixed';
  /** What a device that failed to provision answers to GET. Default `show`. */
  readonly failedDevices: 'show' | 'forbid';
  /** Whether a device can be deleted before it is active; not documented. Default `accept`. */
  readonly deleteWhileProvisioning: 'accept' | 'refuse';
  /** Whether volumes show `access`. Default true; without, only the metadata service names the targets. */
  readonly volumeAccess: boolean;
  /** Whether several devices can have a volume at once; not documented. Default false. */
  readonly multiAttach: boolean;
  /** Public IPv4 addresses that a project gets without asking. Default: no limit. */
  readonly ipQuota: number;
  /** Devices per project. Default: no limit. */
  readonly deviceQuota: number;
  /** `page` works for IP reservations; the API had it for only some of the time. Default true. */
  readonly ipPages: boolean;
  /** Prefixes that a session may announce before it is dropped. Default 10. */
  readonly maxPrefix: number;
  /** `multi`: two link-local peers. `single`: the gateway of the device. Default `multi`. */
  readonly bgpHops: 'multi' | 'single';
  /** Pages are never larger, whatever is asked for. Default 1000. */
  readonly largestPageSize: number;
  /** Lists of devices name each device twice. Default false. */
  readonly duplicatesInLists: boolean;
}

const DEFAULTS: PacketSettings = {
  queuedMs: 100,
  provisioningMs: 500,
  powerMs: 100,
  reinstallMs: 500,
  deprovisioningMs: 100,
  volumeQueuedMs: 100,
  snapshotMs: 0,
  bgpUpMs: 100,
  metadataLagMs: 0,
  listLagMs: 0,
  places: 'both',
  hrefs: 'plain',
  failedDevices: 'show',
  deleteWhileProvisioning: 'accept',
  volumeAccess: true,
  multiAttach: false,
  ipQuota: Number.POSITIVE_INFINITY,
  deviceQuota: Number.POSITIVE_INFINITY,
  ipPages: true,
  maxPrefix: 10,
  bgpHops: 'multi',
  largestPageSize: 1000,
  duplicatesInLists: false,
};

/** The settings that options ask for. */
export function settingsOf(options: Partial<PacketSettings>): PacketSettings {
  const names = Object.keys(DEFAULTS) as (keyof PacketSettings)[];
  const chosen = names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]] as const);
  return { ...DEFAULTS, ...Object.fromEntries(chosen) };
}
