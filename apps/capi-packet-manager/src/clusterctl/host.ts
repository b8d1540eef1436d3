// What clusterctl needs of the machine that it runs on, of API servers and of the Packet account. Everything in this folder is given one;
// node-host.ts makes the real one, specs make their own.
import type { KubeClient } from '@longshore/k8s-runtime';
import type { Clock } from '@longshore/reconciler-core';
import type { AccountProblem, AccountWish } from '../servers/contract.ts';
import type { Progress } from './progress/progress.ts';

/** Result of another program. */
export interface Execution {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs beside this one. */
export interface Child {
  readonly pid: number;
  /** It has not ended by itself. */
  isRunning(): boolean;
  /** Asks it to end and resolves when it has. */
  stop(): Promise<void>;
}

/** How to start one. */
export interface ChildWish {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Gets what it prints; made with mode 0600. */
  readonly logFile: string;
  /** It lives on when clusterctl ends. */
  readonly isDetached: boolean;
}

/** A device of a cluster. */
export interface FoundDevice {
  readonly id: string;
  readonly hostname: string;
  readonly state: string;
}

/** The Packet account behind PACKET_API_KEY. */
export interface Account {
  /** All that stands in the way of these servers. */
  check(wishes: readonly AccountWish[], signal: AbortSignal): Promise<readonly AccountProblem[]>;
  /** Rejects unless the key may read the project. */
  verify(projectId: string, signal: AbortSignal): Promise<void>;
  devicesOf(cluster: ClusterName, projectId: string, signal: AbortSignal): Promise<readonly FoundDevice[]>;
  /** Elastic IPs that were reserved for the cluster. */
  addressesOf(cluster: ClusterName, projectId: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** Which cluster. */
export interface ClusterName {
  readonly namespace: string;
  readonly name: string;
}

/** The machine and the world. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** To standard output. */
  readonly print: (text: string) => void;
  /** Never shown from now on. */
  readonly hide: (...secrets: readonly string[]) => void;
  readonly newId: () => string;
  /** The client of a kubeconfig; sends nothing yet. */
  connect(kubeconfig: string): Promise<KubeClient>;
  /** Runs another program to its end; `code` 127 when there is none of that name. */
  execute(command: string, args: readonly string[], signal: AbortSignal): Promise<Execution>;
  start(wish: ChildWish): Promise<Child>;
  /** Ends a process that an earlier run started, if it is still that one: its command line holds `mark`. */
  endProcess(pid: number, mark: string): Promise<void>;
  readText(path: string): Promise<string>;
  readBytes(path: string): Promise<Uint8Array>;
  exists(path: string): Promise<boolean>;
  /** Mode 0600, whole or not at all. */
  readonly writeSecretFile: (path: string, text: string) => Promise<void>;
  /** `undefined` when there is no API key. */
  account(): Account | undefined;
  /** Where the program `manager` is, and the arguments before its own. */
  managerProgram(): Promise<{ readonly command: string; readonly args: readonly string[] }>;
  /** Where the program of the embedded control plane is; rejects with what to install. */
  controlPlaneProgram(): Promise<{ readonly command: string; readonly args: readonly string[] }>;
}
