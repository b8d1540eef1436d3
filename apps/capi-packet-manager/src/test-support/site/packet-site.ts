// Everything that a cluster on Packet begins with: the simulated Packet whose devices are machines, and a bootstrap cluster that runs the
// managers. Inside a network namespace (own-network.ts). `stop` ends all of it.
import { appendFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bootPacket } from '@longshore/cloud-simulators';
import type { PacketSite } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, Minor } from '@longshore/embedded-control-plane';
import type { KubeClient } from '@longshore/k8s-runtime';
import { startPodHost } from '../pods/pod-host.ts';
import type { PodHost } from '../pods/pod-host.ts';
import { clientFor } from './cluster-view.ts';
import { runCommand } from './command.ts';
import type { CommandPlace, CommandResult } from './command.ts';
import { builtProgram, clusterProgram, managerProgram } from './programs.ts';

/** What runs. */
export class ClusterSite {
  readonly packet: PacketSite;
  readonly bootstrap: ControlPlane;
  readonly bootstrapClient: KubeClient;
  /** Files of the test. */
  readonly folder: string;
  readonly #hosts: PodHost[] = [];

  private constructor(parts: Pick<ClusterSite, 'packet' | 'bootstrap' | 'bootstrapClient' | 'folder'>, host: PodHost) {
    this.packet = parts.packet;
    this.bootstrap = parts.bootstrap;
    this.bootstrapClient = parts.bootstrapClient;
    this.folder = parts.folder;
    this.#hosts.push(host);
  }

  /** Starts it. */
  static async start(workerMinors: readonly Minor[] = [], apiServerArgs: readonly string[] = []): Promise<ClusterSite> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'longshore-site-'));
    const consoleFolder = path.join(folder, 'consoles');
    mkdirSync(consoleFolder);
    const packet = await bootPacket({ boot: { minors: ['1.36'], workerMinors, consoleFolder } });
    const settings = { controllers: true, audit: true, apiServerArgs };
    const bootstrap = await startControlPlane({ ...settings, onFailure: () => undefined });
    const bootstrapClient = await clientFor(bootstrap.kubeconfigPath);
    const host = await startPodHost({
      client: bootstrapClient,
      folder: path.join(folder, 'bootstrap-pods'),
      program: managerProgram,
      node: 'bootstrap',
    });
    return new ClusterSite({ packet, bootstrap, bootstrapClient, folder }, host);
  }

  /** Where the credentials are. */
  get env(): Readonly<Record<string, string>> {
    const { url, token, projectId } = this.packet.simulator;
    return { PACKET_API_URL: url, PACKET_API_KEY: token, PACKET_PROJECT_ID: projectId };
  }

  /** Runs managers and packet-ccm of another cluster, whose pods are only said to run. */
  async hostPodsOf(client: KubeClient): Promise<PodHost> {
    const host = await startPodHost({ client, folder: path.join(this.folder, 'target-pods'), program: clusterProgram });
    this.#hosts.push(host);
    return host;
  }

  /** Runs clusterctl. */
  clusterctl(args: readonly string[], place: Pick<CommandPlace, 'signal' | 'endBy'> = {}): Promise<CommandResult> {
    const command = [...builtProgram('capi-packet-manager', 'clusterctl.js'), ...args];
    // Its journal and caches are the test's own.
    const env = { ...this.env, HOME: this.folder, XDG_STATE_HOME: path.join(this.folder, 'state') };
    const onOutput = (text: string): void => appendFileSync(path.join(this.folder, 'clusterctl.log'), text);
    return runCommand(command, { cwd: this.folder, env, onOutput, ...place });
  }

  /** Ends the pods' processes as a power failure would; they are started again. Tells how many. */
  async killManagers(): Promise<number> {
    const running = this.#hosts.flatMap((host) => host.running);
    await Promise.all(running.map(({ process }) => process.kill()));
    return running.length;
  }

  /** All that was printed anywhere, for the message of a test that failed. */
  get logs(): string {
    const { devices } = this.packet.simulator.state;
    const consoles = [...devices.values()].map(({ id, hostname }) => `--- ${hostname}\n${this.packet.consoleOf(id)}`);
    const pods = this.#hosts.flatMap((host) => [host.logs, ...[...host.problems].map((line) => line.join(': '))]);
    return [...consoles, ...pods].join('\n');
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    for (const host of this.#hosts.toReversed()) await host.stop();
    await this.bootstrap.stop();
    await this.packet.close();
  }
}
