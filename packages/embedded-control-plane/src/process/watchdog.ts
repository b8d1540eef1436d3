// Makes sure that nothing outlives this process, not even after SIGKILL: one small shell process holds the read end of a
// pipe and a list of process groups. When the pipe closes (we ended, however that happened) it kills the groups and
// removes the temp folder. That is why the library installs no signal or exit listeners of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { once } from 'node:events';

// `$1` is the folder. Each component leads its own process group, so `-PID` also reaches what it started. The shell sits in a
// session of its own (detached) and ignores the signals that a terminal sends to everybody.
const WATCHDOG_SCRIPT = `
trap '' HUP INT TERM QUIT
pids=
while read -r verb pid; do
  case $verb in
    add) pids="$pids $pid" ;;
    remove) kept=; for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done; pids=$kept ;;
  esac
done
for p in $pids; do kill -s KILL -- "-$p" 2>/dev/null; done
for i in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null && break; sleep 1; done
`;

// The component waits for one line on descriptor 3, which is written after the watchdog knows its pid. When we die in
// between, `read` sees the end of the pipe and the component never starts: there is no moment without protection.
const GATE_SCRIPT = 'read -r go <&3 && exec "$0" "$@" 3<&-';

/** What to run under a watchdog. */
export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** File descriptor that takes stdout and stderr. */
  readonly output: number;
}

/** Kills what was spawned through it, and removes its folder, as soon as this process is gone. */
export class Watchdog {
  readonly #process: ChildProcess;
  readonly #pipe: Writable;

  private constructor(process: ChildProcess, pipe: Writable) {
    this.#process = process;
    this.#pipe = pipe;
  }

  /** Starts the watching shell; `folder` is removed when this process ends. */
  static async start(folder: string): Promise<Watchdog> {
    const shell = spawn('/bin/sh', ['-c', WATCHDOG_SCRIPT, 'longshore-watchdog', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    await once(shell, 'spawn');
    // A watchdog that somebody killed must not take us down with EPIPE; the components then end only by stop().
    shell.stdin.on('error', () => {});
    doNotKeepAlive(shell, shell.stdin);
    return new Watchdog(shell, shell.stdin);
  }

  /** Starts a command that dies with this process. */
  async spawn(guarded: GuardedCommand): Promise<ChildProcess> {
    const child = spawn('/bin/sh', ['-c', GATE_SCRIPT, guarded.command, ...guarded.args], {
      stdio: ['ignore', guarded.output, guarded.output, 'pipe'],
      detached: true,
      env: guarded.env,
      cwd: guarded.cwd,
    });
    await once(child, 'spawn');
    const gate = child.stdio[3] as Writable;
    gate.on('error', () => {});
    child.once('exit', () => void this.#tell(`remove ${child.pid}`));
    await this.#tell(`add ${child.pid}`);
    gate.end('go\n');
    doNotKeepAlive(child, gate);
    return child;
  }

  /** Ends the watchdog after everything was stopped; it removes the folder if that still exists. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.ref();
    this.#pipe.end();
    await ended;
  }

  #tell(line: string): Promise<void> {
    return new Promise((resolve) => this.#pipe.write(`${line}\n`, () => resolve()));
  }
}

// A control plane that nobody stopped must not keep a finished program (or a test run) from ending.
function doNotKeepAlive(child: ChildProcess, pipe: Writable): void {
  child.unref();
  (pipe as Writable & { unref?: () => void }).unref?.();
}
