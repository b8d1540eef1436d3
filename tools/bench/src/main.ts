// `npm run bench -- …`: the benchmarks' command line. Prints a table, or one JSON object with `-o json`.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { judge } from './figures.ts';
import type { Figure } from './figures.ts';
import type { GroundOptions } from './ground.ts';
import { benchCsi } from './csi-benchmark.ts';
import { benchMachines } from './machines-benchmark.ts';
import { managerSubject } from './manager-subject.ts';
import { benchNodes } from './nodes-benchmark.ts';
import type { BenchResult } from './nodes-benchmark.ts';
import { printResult, printVerdicts } from './print.ts';
import { benchFailover, benchStart } from './process-benchmarks.ts';
import { cloudscaleSubject } from './cloudscale-subject.ts';
import { digitalOceanSubject } from './digitalocean-subject.ts';
import { packetSubject } from './packet-subject.ts';
import { benchServices } from './services-benchmark.ts';
import type { Subject } from './subject.ts';
import { benchWatch } from './watch-benchmark.ts';

interface CommonFlags {
  readonly latency: number;
  readonly output: 'text' | 'json';
  readonly ccm?: string | undefined;
  readonly app: string;
}

const NODE_BYTES = 10_000;
const MACHINES = 200;
const STEADY = { nodes: 1000, steadyMs: 600_000, withFloor: false };
const subjects: readonly Subject[] = [digitalOceanSubject, packetSubject, cloudscaleSubject];
const program = new Command('bench').description(
  'Benchmarks of cloud controller managers against a real kube-apiserver and a simulated cloud.',
);

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError(`"${text}" is not a whole number`);
  return value;
}

function milliseconds(text: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined)
    throw new InvalidArgumentError(`"${text}" is not a duration such as 90s or 10m`);
  return Number(amount) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
}

function common(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--latency <ms>', 'latency of each call of the simulated cloud', wholeNumber, 20)
    .addOption(new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text'))
    .option('--ccm <command line>', 'another program; {kubeconfig}, {port} and {url} are filled in (default: --app)')
    .addOption(
      new Option('--app <name>', 'the program of ours').choices(subjects.map(({ app }) => app)).default('do-ccm'),
    );
}

function groundOf(flags: CommonFlags, only?: Subject): GroundOptions {
  const subject = only ?? subjects.find(({ app }) => app === flags.app) ?? digitalOceanSubject;
  if (flags.ccm === undefined) buildProgram(subject.app);
  return {
    subject,
    latencyMs: flags.latency,
    machines: 0,
    commandLine: flags.ccm,
    progress: (message) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${message}\n`),
  };
}

function runCsi(): BenchResult {
  buildProgram('csi-packet');
  return benchCsi();
}

function runMachines(flags: Pick<CommonFlags, 'output' | 'latency'>, machines: number): Promise<BenchResult> {
  return benchMachines(groundOf({ ...flags, app: managerSubject.app, ccm: undefined }, managerSubject), machines);
}

function buildProgram(app: string): void {
  const root = path.resolve(import.meta.dirname, '../../..');
  const build = spawnSync('npm', ['run', '--silent', 'build', `--workspace=@longshore/${app}`], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (build.status !== 0) throw new Error(`${app} could not be built: see the messages above`);
}

function show(flags: Pick<CommonFlags, 'output'>, result: BenchResult): void {
  if (flags.output === 'json') console.log(JSON.stringify(result, null, 2));
  else printResult(result);
}

common('nodes', 'seconds until no fresh node carries the uninitialized taint')
  .option('--nodes <count>', 'number of fresh nodes', wholeNumber, 1000)
  .option('--steady <duration>', 'then this long with nothing to do, for example 10m', milliseconds, 0)
  .option('--no-floor', 'do not measure the floor (takes about a minute)')
  .action(async (flags: CommonFlags & { readonly nodes: number; readonly steady: number; readonly floor: boolean }) => {
    show(
      flags,
      await benchNodes(groundOf(flags), { nodes: flags.nodes, steadyMs: flags.steady, withFloor: flags.floor }),
    );
  });

common('services', 'many Services at once, one more node, a restart, deletion')
  .option('--count <count>', 'number of Services', wholeNumber, 50)
  .option('--time-to-active <ms>', 'how long the cloud takes for a balancer', wholeNumber, 1500)
  .action(async (flags: CommonFlags & { readonly count: number; readonly timeToActive: number }) => {
    show(flags, await benchServices({ ...groundOf(flags), timeToActiveMs: flags.timeToActive }, flags.count));
  });

common('watch', 'resident memory with many initialized nodes in the cache')
  .option('--nodes <count>', 'number of nodes', wholeNumber, 5000)
  .option('--size <bytes>', 'size of each node', wholeNumber, NODE_BYTES)
  .action(async (flags: CommonFlags & { readonly nodes: number; readonly size: number }) => {
    show(flags, await benchWatch(groundOf(flags), flags.nodes, flags.size));
  });

common('start', 'milliseconds from the start of the process to its first request').action(
  async (flags: CommonFlags) => {
    show(flags, await benchStart(groundOf(flags)));
  },
);

common('failover', 'seconds from SIGTERM until the second replica works').action(async (flags: CommonFlags) => {
  show(flags, await benchFailover(groundOf(flags)));
});

program
  .command('machines')
  .description('capi-packet-manager: seconds until the devices of many new Machines are ordered, and the calls for it')
  .option('--machines <count>', 'number of Machines', wholeNumber, MACHINES)
  .option('--latency <ms>', 'latency of each call of the simulated cloud', wholeNumber, 20)
  .addOption(new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text'))
  .action(async (flags: Pick<CommonFlags, 'output' | 'latency'> & { readonly machines: number }) => {
    show(flags, await runMachines(flags, flags.machines));
  });

program
  .command('csi')
  .description('csi-packet: start, memory, Probe, and the life of volumes against a cloud whose states take no time')
  .addOption(new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text'))
  .action((flags: Pick<CommonFlags, 'output'>) => {
    show(flags, runCsi());
  });

common('check', 'runs every benchmark that has a figure to reach; exits 1 when one is missed')
  .option('--steady', 'also ten minutes with nothing to do')
  .action(async (flags: CommonFlags & { readonly steady?: boolean }) => {
    const options = groundOf(flags);
    const runs: readonly (readonly [Figure['benchmark'], () => Promise<BenchResult>])[] = [
      ['start', () => benchStart(options)],
      ['failover', () => benchFailover(options)],
      ['nodes', () => benchNodes(options, { nodes: 1000, steadyMs: 0, withFloor: true })],
      ...(flags.steady ? [['steady', () => benchNodes(options, STEADY)] as const] : []),
      ['services', () => benchServices(options, 50)],
      ['watch', () => benchWatch(options, 5000, NODE_BYTES)],
      ['csi', () => Promise.resolve(runCsi())],
      ['machines', () => runMachines(flags, MACHINES)],
    ];
    let isMet = true;
    for (const [benchmark, run] of runs) {
      const verdicts = judge(benchmark, await run());
      printVerdicts(verdicts);
      isMet &&= verdicts.every((verdict) => verdict.isMet);
    }
    process.exitCode = isMet ? 0 : 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
