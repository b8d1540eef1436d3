// etcd: one member with its data in a temp folder. A control plane starts its own; many control planes can share one that
// startEtcd() made, each under a prefix of its own.
import { request } from 'node:http';
import { OperatorError, backoff } from '@longshore/reconciler-core';
import { acquireBinary } from './binaries/acquire.ts';
import type { AcquireOptions } from './binaries/acquire.ts';
import { processEnv } from './config.ts';
import { componentEnv, etcdArgs } from './component-args.ts';
import type { Component } from './process/component.ts';
import { Sandbox } from './process/sandbox.ts';

const ADDRESS = '127.0.0.1';
/** All data is thrown away afterwards, so there is nothing to wait for; API servers with open watches would take a minute. */
export const STOP_GRACE_MS = 500;

/** A running etcd. */
export interface Etcd {
  /** For example `http://127.0.0.1:23790`. */
  readonly endpoint: string;
  readonly component: Component;
  /** Forgets all old revisions: a watch that resumes from one is answered 410 once the API server was restarted. */
  compact(): Promise<void>;
}

/** An etcd that belongs to the caller. */
export interface SharedEtcd extends Etcd {
  stop(): Promise<void>;
}

/** Options of startEtcd. */
export interface EtcdOptions extends AcquireOptions {
  readonly startTimeoutMs?: number;
  /** Further arguments; one that names a flag set here replaces it. */
  readonly etcdArgs?: readonly string[];
}

const DEFAULT_START_TIMEOUT_MS = 180_000;

/** Starts an etcd for several control planes (`startControlPlane({ etcd })`). */
export async function startEtcd(options: EtcdOptions = {}): Promise<SharedEtcd> {
  const command = await acquireBinary('etcd', undefined, options);
  const sandbox = await Sandbox.open('longshore-etcd', componentEnv(options.env ?? processEnv()));
  try {
    const etcd = await startEtcdIn(sandbox, { command, ...options });
    return { ...etcd, stop: () => sandbox.close(STOP_GRACE_MS) };
  } catch (error) {
    await sandbox.close(0);
    throw error;
  }
}

/** What an etcd inside a control plane's folder needs. */
export interface EtcdInSandbox {
  readonly command: string;
  readonly etcdArgs?: readonly string[];
  readonly startTimeoutMs?: number;
  readonly onUnexpectedExit?: (error: Error) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Starts etcd in a sandbox that somebody else closes. */
export async function startEtcdIn(sandbox: Sandbox, options: EtcdInSandbox): Promise<Etcd> {
  const [component, port] = await sandbox.startOnPort({ address: ADDRESS }, (candidate) => ({
    name: 'etcd',
    command: options.command,
    args: etcdArgs(`${sandbox.folder}/etcd`, `http://${ADDRESS}:${candidate}`, options.etcdArgs),
    startTimeoutMs: options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS,
    isReady: async () => (await callEtcd(`http://${ADDRESS}:${candidate}/readyz`)).status === 200,
    signal: options.signal,
    ...(options.onUnexpectedExit ? { onUnexpectedExit: options.onUnexpectedExit } : {}),
  }));
  const endpoint = `http://${ADDRESS}:${port}`;
  return { endpoint, component, compact: () => compact(endpoint) };
}

async function compact(endpoint: string): Promise<void> {
  // Any read tells the current revision; `AA==` is the key of one zero byte.
  const read = await callEtcd(`${endpoint}/v3/kv/range`, { key: 'AA==', limit: '1' });
  const revision = /"revision":"(\d+)"/.exec(read.body)?.[1];
  const answer = await callEtcd(`${endpoint}/v3/kv/compaction`, { revision, physical: true });
  const isDone = answer.status === 200 || answer.body.includes('has been compacted');
  if (!isDone) {
    throw new OperatorError(
      'CONTROL_PLANE_COMPACT_FAILED',
      `etcd did not compact revision ${revision}: ${answer.body}`,
      backoff,
    );
  }
}

/** One call to the HTTP gateway of etcd. */
export function callEtcd(url: string, body?: object): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: body ? 'POST' : 'GET', agent: false, timeout: 10_000 });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${url}`)));
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    outgoing.end(body ? JSON.stringify(body) : undefined);
  });
}
