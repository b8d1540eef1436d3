// One device as a machine: network, mount, process and host name namespaces of its own, held by a process that ends with ours.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { elasticCommand, plugCommands, setUpCommands, unplugCommand } from './machine-plan.ts';
import type { Command, MachineSpec } from './machine-plan.ts';
import { runCommand } from './run-command.ts';
import type { Output } from './run-command.ts';

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

  /** Starts a machine and plugs it into the bridge. */
  static async start(spec: MachineSpec): Promise<Machine> {
    const holder = holdNamespaces();
    try {
      await said(holder, READY);
      const machine = new Machine(spec, holder, await firstChildOf(holder));
      for (const command of plugCommands(spec, machine.#pid)) await runCommand(command);
      for (const command of setUpCommands(spec, FOLDER)) await machine.run(command);
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

  /** Puts an elastic address on the machine, or takes it off. */
  async moveElastic(verb: 'add' | 'del', address: string): Promise<void> {
    await this.run(elasticCommand(verb, address));
    const others = this.spec.elastic.filter((one) => one !== address);
    this.spec = { ...this.spec, elastic: verb === 'add' ? [...others, address] : others };
  }

  /** Switches it off: all its processes end, and what it wrote is gone. */
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

const READY = 'ready\n';
/** Memory of the machine, only visible in it. */
const FOLDER = '/mnt';

// `cat` waits for the end of its input, which comes when this process ends, however it does; the kernel then ends the rest.
function holdNamespaces(): ChildProcess {
  const inside = `mount -t tmpfs -o mode=0755 machine ${FOLDER} && printf '${READY.trim()}\\n' && exec cat`;
  const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return spawn('unshare', [...namespaces, 'sh', '-c', inside], { stdio: ['pipe', 'pipe', 'pipe'] });
}

function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes(text)) resolve();
    });
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.once('error', reject);
    child.once('close', () => reject(new Error(`the namespaces of a machine could not be made: ${errors.trim()}`)));
  });
}

async function firstChildOf({ pid }: ChildProcess): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const child = Number(children.trim().split(' ')[0]);
  if (!Number.isInteger(child) || child <= 0) throw new Error('a machine ended before it was there');
  return child;
}
