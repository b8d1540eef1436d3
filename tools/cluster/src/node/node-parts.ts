// The programs of a node, containerd and kubelet, and the files that they read.
import { rm, writeFile } from 'node:fs/promises';
import { ctr, importImage } from './import-image.ts';
import type { NodeFacts } from './node-files.ts';
import { cniConfig, containerdConfig, kubeletArgs, kubeletConfig, pathsIn } from './node-files.ts';
import type { NodePaths } from './node-files.ts';
import type { NodeNamespaces } from './node-namespaces.ts';
import { NodeProcess } from './node-process.ts';
import { serviceCommands } from './node-scripts.ts';
import { runCommand } from './run-command.ts';

const START_TIMEOUT_MS = 120_000;

/** What starting them needs. */
export interface NodePartsOptions {
  /** The kubelet's executable. */
  readonly kubelet: string;
  readonly signal: AbortSignal | undefined;
  readonly onFailure: (error: Error) => void;
}

/** containerd and kubelet of one node. */
export class NodeParts {
  readonly #facts: NodeFacts;
  readonly #namespaces: NodeNamespaces;
  readonly #paths: NodePaths;
  readonly #containerd: NodeProcess;
  readonly #kubelet: NodeProcess;

  constructor(facts: NodeFacts, namespaces: NodeNamespaces, options: NodePartsOptions) {
    const paths = pathsIn(facts.folder);
    const life = { startTimeoutMs: START_TIMEOUT_MS, signal: options.signal, onUnexpectedExit: options.onFailure };
    this.#facts = facts;
    this.#namespaces = namespaces;
    this.#paths = paths;
    this.#containerd = new NodeProcess({
      ...life,
      name: 'containerd',
      command: namespaces.command(['containerd', '--config', paths.containerdConfig]),
      logPath: paths.log('containerd'),
      isReady: async () => (await ctr(paths.socket, ['version'])) !== '',
    });
    this.#kubelet = new NodeProcess({
      ...life,
      name: 'kubelet',
      command: namespaces.command([options.kubelet, ...kubeletArgs(facts)]),
      logPath: paths.log('kubelet'),
      isReady: async () => (await namespaces.run(['sh', '-c', KUBELET_LISTENS])) !== '',
    });
  }

  /** Starts containerd and gives it images. */
  async startContainerd(archives: readonly string[]): Promise<void> {
    await writeFile(this.#paths.containerdConfig, containerdConfig(this.#facts));
    await this.#containerd.start();
    for (const archive of archives) await this.loadImage(archive);
  }

  /** Imports an archive; resolves with the names of its images. */
  loadImage(archive: string): Promise<readonly string[]> {
    return importImage(this.#paths.socket, archive);
  }

  /** Lets pods reach the API server at the address that they are told. */
  async openService(port: number): Promise<void> {
    const { addresses } = this.#facts;
    for (const command of serviceCommands(addresses, this.#namespaces.pid, port)) await runCommand(command);
  }

  async installNetwork(): Promise<void> {
    await writeFile(this.#paths.cniConfig, cniConfig(this.#facts));
  }

  async removeNetwork(): Promise<void> {
    await rm(this.#paths.cniConfig, { force: true });
  }

  async startKubelet(): Promise<void> {
    await writeFile(this.#paths.kubeletConfig, kubeletConfig(this.#facts));
    await writeFile(this.#paths.resolver, '');
    await this.#kubelet.start();
  }

  stopKubelet(): Promise<void> {
    return this.#kubelet.stop();
  }

  /** Before the node goes: that its programs end with it is no failure. */
  async forget(): Promise<void> {
    this.#kubelet.forget();
    this.#containerd.forget();
  }
}

// Its health port, on the node's own loopback.
const KUBELET_LISTENS = 'cat /proc/net/tcp | grep -i ":2808 00000000:0000 0A" || true';
