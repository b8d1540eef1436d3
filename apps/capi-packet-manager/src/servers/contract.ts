// What the Packet side is to the controllers: servers that exist exactly once, found by one sweep of the project. Knows nothing of
// cluster.k8s.io/v1alpha1; who wants a server remembers its ServerMemory durably and hands it in.
import type { Runnable, Unsubscribe } from '@longshore/reconciler-core';
import type { Device, DeviceId, ProjectId, ReservationId } from '@longshore/packet-api';

/** What the owner of a server has stored durably. Every field is written before the call that needs it. */
export interface ServerMemory {
  /** UUID, drawn once for a server; every retry uses the same, so that two devices with one id prove a duplicate. */
  readonly attemptId?: string;
  /** Epoch ms of the last POST; absent: no POST was ever sent for this attempt. */
  readonly requestedAtMs?: number;
  /** Once the device is known. */
  readonly deviceId?: DeviceId;
}

/** Whose server it is; becomes its tags. */
export interface ServerOwner {
  /** Name of the cluster, and its namespace. */
  readonly cluster: { readonly namespace: string; readonly name: string };
  readonly role: 'master' | 'node';
}

/** What a server is to be. `facilities` are tried in their order when one has no capacity. */
export interface ServerSpec {
  readonly owner: ServerOwner;
  readonly projectId: ProjectId;
  readonly hostname: string;
  readonly plan: string;
  readonly operatingSystem: string;
  readonly facilities: readonly string[];
  readonly billingCycle: string;
  readonly userTags: readonly string[];
  /** Public keys as text; empty: those of the project. */
  readonly sshKeys: readonly string[];
  readonly userdata: string;
}

/** What is known of a server, from the sweep and, in doubt, from a look at the device itself. */
export type ServerFinding =
  /** The device (the one that stays, when there are several of one attempt); `duplicates` have to go. */
  | { readonly state: 'present'; readonly device: Device; readonly duplicates: readonly Device[] }
  /** It was there (a device id is remembered) and two sources say that it is not. */
  | { readonly state: 'gone' }
  /** No device carries the attempt's tag in a list that is younger than the last POST. */
  | { readonly state: 'absent'; readonly listedAtMs: number }
  /** The API does not say; nothing may be concluded. `isCredentials`: the key is refused everywhere. */
  | { readonly state: 'unknown'; readonly message: string; readonly isCredentials: boolean };

/** The one thing to do next; a pure function of memory, finding and time decides it (`planServer`). */
export type ServerStep =
  /** Store it (resourceVersion-checked), then plan again. */
  | { readonly do: 'remember'; readonly memory: ServerMemory }
  /** Store `memory` (with the time of the POST) and then POST. */
  | { readonly do: 'create'; readonly memory: ServerMemory }
  /** List by the attempt's tag and plan again. */
  | { readonly do: 'look-up' }
  | { readonly do: 'remove-duplicates'; readonly devices: readonly Device[] }
  /** Hostname or tags were changed behind our back: put back. */
  | {
      readonly do: 'correct';
      readonly device: Device;
      readonly change: { hostname?: string; tags?: readonly string[] };
    }
  | { readonly do: 'wait'; readonly forMs: number; readonly reason: string }
  | { readonly do: 'nothing'; readonly device: Device }
  | { readonly do: 'report-gone' };

/** How a POST ended. `memoryAfter` (plan-server.ts) says what to store then. */
export type ServerCreation =
  | { readonly state: 'created'; readonly device: Device }
  /** The answer was lost or a 5xx came: the device may exist. Look up, and wait the settling time before the next POST. */
  | { readonly state: 'in-doubt'; readonly message: string }
  /** Nothing was made, so the time of the POST is forgotten (`memoryAfter`). `retryAfterMs` when the API named a time. */
  | {
      readonly state: 'refused';
      readonly why: 'no-capacity' | 'quota' | 'credentials' | 'permission' | 'rate-limit' | 'invalid';
      readonly message: string;
      readonly retryAfterMs?: number;
    };

/** How a removal stands. `locked`: the API refuses, with its words. */
export type ServerRemoval =
  | { readonly state: 'gone' }
  | { readonly state: 'waiting'; readonly forMs: number; readonly reason: string }
  | { readonly state: 'refused'; readonly message: string; readonly isCredentials: boolean };

/** A device with a cluster's tag that nobody owns. */
export interface StrayServer {
  readonly device: Device;
  /** Since when it has been seen without owner, epoch ms. */
  readonly sinceMs: number;
}

/** The servers of an account. One instance per process; `run` sweeps each project that was asked for. */
export interface Servers extends Runnable {
  /** From the last sweep of the project (swept first when there is none yet); `look-up` and doubt cost one call. */
  find(memory: ServerMemory, projectId: ProjectId, signal: AbortSignal): Promise<ServerFinding>;
  /** Asks the API for the attempt's tag now. */
  lookUp(memory: ServerMemory, projectId: ProjectId, signal: AbortSignal): Promise<ServerFinding>;
  /** POSTs once per facility until one takes it; at most `--concurrent-creates` (5) at a time; the sweep knows the new device at once. */
  create(memory: ServerMemory, spec: ServerSpec, signal: AbortSignal): Promise<ServerCreation>;
  /**
   * Deletes whatever carries the attempt's tag or the device id; gone only when the API says so. A duplicate is removed by a memory that
   * has nothing but its device id.
   */
  remove(memory: ServerMemory, projectId: ProjectId, signal: AbortSignal): Promise<ServerRemoval>;
  /** Puts hostname or tags back. */
  correct(
    deviceId: DeviceId,
    change: { hostname?: string; tags?: readonly string[] },
    signal: AbortSignal,
  ): Promise<void>;
  /** Empties the user data, which holds keys, once the machine has joined. */
  clearUserData(deviceId: DeviceId, signal: AbortSignal): Promise<void>;
  /** All devices of a cluster in the last sweep. */
  ofCluster(owner: ServerOwner['cluster'], projectId: ProjectId): readonly Device[];
  /** Devices of a cluster that nobody owned in two sweeps. */
  straysOf(owner: ServerOwner['cluster']): readonly Device[];
  /** Told the attempt ids of devices that changed, appeared or vanished between two sweeps. */
  subscribe(listener: (attemptId: string) => void): Unsubscribe;
}

/** The elastic IP that is a cluster's endpoint. Found by tag, reserved once, assigned to one device at a time. */
export interface EndpointAddresses {
  /** The reserved address; reserves it when there is none. */
  ensure(
    wish: { readonly owner: ServerOwner['cluster']; readonly projectId: ProjectId; readonly facility: string },
    signal: AbortSignal,
  ): Promise<{ readonly address: string; readonly reservationId: ReservationId; readonly assignedTo?: DeviceId }>;
  /** Assigns it to the device, taking it from another one. */
  assign(reservationId: ReservationId, address: string, deviceId: DeviceId, signal: AbortSignal): Promise<void>;
  /** Gives all addresses of the cluster back. */
  release(owner: ServerOwner['cluster'], projectId: ProjectId, signal: AbortSignal): Promise<void>;
}

/** Servers that somebody is about to ask for: one kind of them, with the field of the file that says so. */
export interface AccountWish {
  /** Where it stands, for messages: `machines.yaml: Machine default/master-0`. */
  readonly field: string;
  readonly projectId: string;
  readonly plan: string;
  readonly operatingSystem: string;
  readonly facilities: readonly string[];
  readonly billingCycle: string;
  /** How many. */
  readonly quantity: number;
  /** Public keys as text; empty: those of the project. */
  readonly sshKeys: readonly string[];
}

/** Something that would make the API refuse a server. */
export interface AccountProblem {
  /** Field of the wish, then the name of the part: `machines.yaml: Machine default/master-0: machineType`. */
  readonly field: string;
  /** What is wrong and what to do. */
  readonly message: string;
}
