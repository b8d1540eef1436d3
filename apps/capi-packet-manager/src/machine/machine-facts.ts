// What the planner of Machines looks at and what it may ask for. Facts that cost a call are absent until a step has fetched them: each
// planner asks for exactly the fact that it needs next.
import type { Device } from '@longshore/packet-api';
import type { ConditionWish } from '../api/conditions.ts';
import type { Cluster, Machine, MachineErrorReason, MachinePhase, PacketMachineProviderSpec } from '../api/objects.ts';
import type { Reading } from '../api/packet-specs.ts';
import type { ServerCreation, ServerFinding, ServerRemoval, ServerSpec } from '../servers/contract.ts';
import type { MachineMemory } from './machine-memory.ts';
import type { MachineSettings } from './machine-settings.ts';

/** Ready to be asked for, or why not. `kind` is how it enters the cluster. */
export type Preparation =
  | { readonly state: 'ready'; readonly kind: 'init' | 'join' | 'join-control-plane'; readonly spec: ServerSpec }
  /** Somebody has to change something; the remedy is in the message. */
  | { readonly state: 'refused'; readonly message: string }
  /** Something else has to be there first. */
  | { readonly state: 'waiting'; readonly reason: string; readonly message: string; readonly forMs: number };

/** How a call into the workload cluster ended; `skipped` when there is nobody to ask. */
export type WorkloadResult =
  { readonly state: 'done' | 'skipped' } | { readonly state: 'failed'; readonly message: string };

/** Facts about one Machine. */
export interface MachineFacts {
  readonly nowMs: number;
  readonly settings: MachineSettings;
  readonly machine: Machine;
  readonly memory: MachineMemory;
  /** The Cluster that its label names. */
  readonly cluster: Cluster | undefined;
  /** The Cluster says where its API server is reached whatever becomes of a machine, so there can be several masters. */
  readonly hasExternalEndpoint: boolean;
  /** The other control plane Machines of the cluster. */
  readonly otherMasters: readonly Machine[];
  readonly reading: Reading<PacketMachineProviderSpec>;
  /** For the next attempt, if there has to be one. */
  readonly newAttemptId: string;
  readonly finding?: ServerFinding;
  readonly preparation?: Preparation;
  readonly creation?: ServerCreation;
  readonly removal?: ServerRemoval;
  /** The Node object was removed from the workload cluster. */
  readonly nodeRemoval?: WorkloadResult;
  /** The member of etcd was removed. */
  readonly memberRemoval?: WorkloadResult;
  /** This program runs on it. */
  readonly hostsUs?: boolean;
}

/** An Event, written when the status that it explains is new. */
export interface EventWish {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What of the status the Machine controller answers for. Absent parts stay as they are. */
export interface StatusWish {
  readonly phase?: MachinePhase;
  /** `null`: there is none, so nothing of one may be shown. */
  readonly device?: Device | null;
  /** `null`: all is well. */
  readonly error?: { readonly reason: MachineErrorReason; readonly message: string } | null;
  readonly conditions: readonly ConditionWish[];
}

/** The one thing to do next. All but `rest` are followed by planning again. */
export type MachineStep =
  /** Finalizers and the owner, before anything else. */
  | { readonly do: 'own' }
  | { readonly do: 'find' }
  | { readonly do: 'look-up' }
  | { readonly do: 'prepare' }
  /** Store it, resourceVersion-checked. */
  | { readonly do: 'remember'; readonly memory: MachineMemory }
  /** Be the one that runs `kubeadm init` (stored in the Cluster, resourceVersion-checked). */
  | { readonly do: 'take-init' }
  /** Store the memory, then POST. */
  | { readonly do: 'create'; readonly memory: MachineMemory; readonly spec: ServerSpec }
  | { readonly do: 'remove-duplicates'; readonly devices: readonly Device[] }
  | {
      readonly do: 'correct';
      readonly device: Device;
      readonly change: { hostname?: string; tags?: readonly string[] };
    }
  | { readonly do: 'clear-user-data'; readonly device: Device }
  | { readonly do: 'remove-device' }
  | { readonly do: 'remove-node' }
  | { readonly do: 'remove-member' }
  | { readonly do: 'ask-host' }
  /** Delete the Machine object: its set makes another. */
  | { readonly do: 'delete-machine'; readonly event: EventWish }
  /** Take our finalizer off. */
  | { readonly do: 'release' }
  | { readonly do: 'event'; readonly event: EventWish; readonly then: MachineStep }
  | Rest;

/** Nothing more to do now: show the status, look again after a while or when something changes. */
export interface Rest {
  readonly do: 'rest';
  readonly status?: StatusWish;
  /** Written when the status is new. */
  readonly event?: EventWish;
  readonly again?: { readonly afterMs: number; readonly reason: string; readonly isGrowing?: boolean };
}
