// A temp folder with a watchdog: everything that one control plane (or one shared etcd) writes and starts lives in it.
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Component, ComponentStartError } from './component.ts';
import type { ComponentSpec } from './component.ts';
import { findFreePort } from './free-port.ts';
import { Watchdog } from './watchdog.ts';
import type { GuardedCommand } from './watchdog.ts';

const PORT_ATTEMPTS = 5;

/** The part of a component's description that the sandbox does not fill in. */
export type SandboxComponent = Omit<ComponentSpec, 'folder' | 'logPath' | 'env'>;

/** How to make a server for a port, and which ports to try. */
export interface PortRequest {
  readonly address: string;
  /** Only this port; without it any free one, and another when somebody else was faster. */
  readonly port?: number | undefined;
}

/** A temp folder and the processes that run in it. */
export class Sandbox {
  readonly folder: string;
  readonly #watchdog: Watchdog;
  readonly #env: NodeJS.ProcessEnv;
  readonly #components: Component[] = [];
  #closed: Promise<void> | undefined;

  private constructor(folder: string, watchdog: Watchdog, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#watchdog = watchdog;
    this.#env = env;
  }

  /** Makes the folder (readable by this user only). */
  static async open(prefix: string, env: NodeJS.ProcessEnv): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    return new Sandbox(folder, await Watchdog.start(folder), env);
  }

  /** Starts a plain command (a build) that ends with this process; its output goes to an open file. */
  spawn(command: Omit<GuardedCommand, 'env'>): Promise<ChildProcess> {
    return this.#watchdog.spawn({ ...command, env: this.#env });
  }

  /** Starts a component; when several are stopped, the last started ends first. */
  async start(spec: SandboxComponent): Promise<Component> {
    const logPath = join(this.folder, `${spec.name}.log`);
    const component = new Component({ ...spec, folder: this.folder, logPath, env: this.#env }, this.#watchdog);
    await component.start();
    this.#components.push(component);
    return component;
  }

  /** Starts a server on a free port. */
  async startOnPort(request: PortRequest, make: (port: number) => SandboxComponent): Promise<[Component, number]> {
    for (let attempt = 1; ; attempt++) {
      const port = request.port ?? (await findFreePort(request.address));
      try {
        return [await this.start(make(port)), port];
      } catch (error) {
        const canTryAnother = error instanceof ComponentStartError && error.isPortTaken && request.port === undefined;
        if (!canTryAnother || attempt >= PORT_ATTEMPTS) throw error;
      }
    }
  }

  /** Stops everything in reverse order (API server before etcd) and removes the folder. Safe to call twice. */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    for (const component of this.#components.toReversed()) await component.stop({ graceMs });
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    await this.#watchdog.close();
  }
}
