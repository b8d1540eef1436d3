// One device as a machine: network, mount, process and host name namespaces of its own, held by a process that ends with ours.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { holdUntilWeEnd, isReady } from './holder.ts';
import { elasticCommand, plugCommands, unplugCommand } from './machine-plan.ts';
import type { Command, MachineSpec } from './machine-plan.ts';
import { runCommand } from './run-command.ts';
import type { Output } from './run-command.ts';
import { diskCommands, networkCommands } from './set-up-plan.ts';
import type { HostFolders } from './set-up-plan.ts';
import { quote } from './user-data-plan.ts';

/** A machine that runs. */
export class Machine {
  spec: MachineSpec;
  readonly #holder: ChildProcess;
  readonly #pid: number;

  private constructor(spec: MachineSpec, holder: ChildProcess, pid: number) {
    this.spec = spec;
    this.#holder = holder;
    this.#pid = pid;
  }

  /** Starts a machine and plugs it into the bridge. `disksPid`: who holds its disk. */
  static async start(spec: MachineSpec, disksPid: number, host: HostFolders): Promise<Machine> {
    const holder = holdNamespaces(disksPid);
    try {
      await isReady(holder, 'the namespaces of a machine could not be made');
      const machine = new Machine(spec, holder, await firstChildOf(holder));
      for (const command of plugCommands(spec, machine.#pid)) await runCommand(command);
      await machine.run(inOneShell([...diskCommands(spec, host), ...networkCommands(spec)]));
      return machine;
    } catch (error) {
      holder.kill('SIGKILL');
      throw error;
    }
  }

  /** Runs a command in the machine to its end. */
  run(command: Command): Promise<Output> {
    return runCommand(this.#inside(command));
  }

  /** Starts a program in the machine; it ends with the machine at the latest. */
  spawn(command: Command, env: NodeJS.ProcessEnv = {}): ChildProcess {
    const [program, ...args] = this.#inside(command);
    return spawn(program, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Writes a file in the machine. */
  async writeFile(path: string, text: string, mode = '0644'): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"';
    const [program, ...args] = this.#inside(['sh', '-c', script, 'sh', path, mode]);
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stdin.on('error', () => {});
    child.stdin.end(text);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${path} could not be written in the machine ${this.spec.hostname}`);
  }

  /** Puts an elastic address on the machine, or takes it off. */
  async moveElastic(verb: 'add' | 'del', address: string): Promise<void> {
    await this.run(elasticCommand(verb, address));
    const others = this.spec.elastic.filter((one) => one !== address);
    this.spec = { ...this.spec, elastic: verb === 'add' ? [...others, address] : others };
  }

  /** Switches it off: all its processes end at once; its disk stays. */
  async stop(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    // The kernel takes its time to clear up a namespace; without the cable nobody reaches what is left of it.
    await runCommand(unplugCommand(this.spec)).catch(() => undefined);
    const ended = new Promise((resolve) => this.#holder.once('close', resolve));
    this.#holder.kill('SIGKILL');
    await ended;
  }

  #inside(command: Command): Command {
    return ['nsenter', '--target', String(this.#pid), '--net', '--mount', '--uts', '--pid', '--', ...command];
  }
}

// The kernel ends everything in the machine when its first process ends.
function holdNamespaces(disksPid: number): ChildProcess {
  const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const command = ['unshare', ...namespaces, '--', 'sh', '-c', holdUntilWeEnd];
  const args = ['--target', String(disksPid), '--mount', '--', ...command];
  return spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'pipe'] });
}

// One after the other, up to the first that fails: much faster than a process each.
function inOneShell(commands: readonly Command[]): Command {
  return ['sh', '-ec', commands.map((command) => command.map(quote).join(' ')).join('\n')];
}

async function firstChildOf({ pid }: ChildProcess): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const child = Number(children.trim().split(' ')[0]);
  if (!Number.isInteger(child) || child <= 0) throw new Error('a machine ended before it was there');
  return child;
}
