// Brings the software of a machine up: a new disk becomes a fresh server whose user data is run once; a used one starts its services.
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeviceConsole } from './console.ts';
import { acquirePrograms, asksForKubernetes } from './kubernetes-programs.ts';
import type { KubernetesPrograms, KubernetesSettings } from './kubernetes-programs.ts';
import type { Machine } from './machine.ts';
import { newDiskScript } from './set-up-plan.ts';
import { planFirstBoot } from './user-data-plan.ts';

/** What all machines of a site share. */
export interface BootSettings extends KubernetesSettings {
  /**
   * Whether pods that are bound to a simulated node are said to run, and are gone when they are deleted. Default true; no pod but the
   * control plane's is really run.
   */
  readonly pretendPods?: boolean;
  /** A folder that gets the console of each machine as a file. Default: none, see `consoleOf`. */
  readonly consoleFolder?: string;
}

/** Starts the software of machines. */
export class FirstBoots {
  readonly #settings: BootSettings;
  readonly #metadataUrl: string;
  readonly #closing = new AbortController();
  #programs: Promise<KubernetesPrograms> | undefined;

  constructor(settings: BootSettings, metadataUrl: string) {
    this.#settings = settings;
    this.#metadataUrl = metadataUrl;
  }

  /** Gives up what takes long: builds of programs. */
  close(): void {
    this.#closing.abort();
  }

  /** Makes a fresh server of a new disk. */
  async setUp(machine: Machine): Promise<void> {
    const files = { metadataUrl: this.#metadataUrl, node: process.execPath, servicesFile: SERVICES_FILE };
    const script = '/run/longshore/set-up';
    await machine.writeFile(script, newDiskScript(machine.spec, files));
    await machine.run(['sh', script]);
  }

  /** Runs the user data to its end. Never rejects: the console says what went wrong. */
  async runUserData(machine: Machine, console: DeviceConsole): Promise<void> {
    const { id, hostname, userData } = machine.spec;
    const plan = planFirstBoot(userData, { id, hostname });
    if (plan.kind === 'nothing') return;
    console.state = 'running';
    try {
      if (plan.kind === 'refused') throw new Error(plan.why);
      for (const note of plan.notes) console.note(note);
      if (asksForKubernetes(userData)) await this.#givePrograms(machine);
      await machine.writeFile(SCRIPT, plan.script, '0700');
      const code = await this.#runScript(machine, console);
      console.note(`user data ended with exit code ${code}`);
      console.state = code === 0 ? 'done' : 'failed';
    } catch (error) {
      console.note(error instanceof Error ? error.message : String(error));
      console.state = 'failed';
    }
  }

  /** Starts the services that were enabled when the machine was switched off. */
  async startServices(machine: Machine, console: DeviceConsole): Promise<void> {
    await machine
      .run(['systemctl', 'boot'])
      .catch((error: unknown) => console.note(error instanceof Error ? error.message : String(error)));
  }

  async #givePrograms(machine: Machine): Promise<void> {
    this.#programs ??= acquirePrograms(this.#settings, this.#closing.signal);
    const { list, images } = await this.#programs.catch((error: unknown) => {
      // The next machine tries again: somebody may have supplied them.
      this.#programs = undefined;
      throw error;
    });
    const { pretendPods = true } = this.#settings;
    await machine.writeFile('/var/lib/longshore/programs', list);
    await machine.writeFile('/var/lib/longshore/machine.json', JSON.stringify({ images, pretendsPods: pretendPods }));
  }

  async #runScript(machine: Machine, console: DeviceConsole): Promise<number | string> {
    const env = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      PACKET_METADATA_URL: this.#metadataUrl,
    };
    const child = machine.spawn([SCRIPT], env);
    child.stdout?.on('data', (piece: Buffer) => console.write(piece.toString()));
    child.stderr?.on('data', (piece: Buffer) => console.write(piece.toString()));
    // Not "close": what it leaves running in the background may keep its output open.
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return code ?? signal ?? 'unknown';
  }
}

const SCRIPT = '/var/lib/cloud/instance/scripts/part-001';

// From the sources this is TypeScript, which Node reads as it is; from the package it is not.
const SERVICES_FILE = fileURLToPath(new URL(`services/main${extname(import.meta.url)}`, import.meta.url));

/** Files and folders of this host that machines need. */
export async function programsOfMachines(): Promise<readonly string[]> {
  const { binaryFolders } = await import('@longshore/embedded-control-plane');
  return [process.execPath, SERVICES_FILE, ...binaryFolders()];
}
