// The command line of longshore-control-plane: what it accepts and what it means. Pure apart from commander's own parsing.
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DEFAULT_MINOR, MINORS, parseMinor } from './versions.ts';
import type { Minor } from './versions.ts';

/** A parsed command line. */
export type CliRequest =
  | { readonly kind: 'run'; readonly run: RunRequest }
  | { readonly kind: 'prepare'; readonly minors: readonly Minor[]; readonly controllers: boolean }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'mistake'; readonly message: string };

/** What to start. `minor` is absent when none was asked for. */
export interface RunRequest {
  readonly kubeconfig: string;
  readonly mayOverwrite: boolean;
  readonly minor?: Minor;
  readonly controllers: boolean;
  readonly bindAddress?: string;
  readonly port?: number;
  readonly apiServerArgs: readonly string[];
}

interface RawOptions {
  readonly kubeconfig?: string;
  readonly minor?: string;
  readonly controllers?: boolean;
  readonly bindAddress?: string;
  readonly port?: number;
  readonly apiServerArg: readonly string[];
  readonly force?: boolean;
  readonly prepare?: boolean;
}

/** Parses the arguments after the program's name. */
export function parseCommandLine(argv: readonly string[]): CliRequest {
  let printed = '';
  const write = (text: string): void => void (printed += text);
  const command = describe().exitOverride().configureOutput({ writeOut: write, writeErr: write });
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'help', text: printed };
    return { kind: 'mistake', message: error.message.replace(/^error: /, '') };
  }
  return interpret(command.opts<RawOptions>());
}

function describe(): Command {
  return new Command('longshore-control-plane')
    .description('Runs a real etcd and kube-apiserver on this machine until SIGINT or SIGTERM.')
    .option('--kubeconfig <file>', "write the administrator's kubeconfig here (mode 0600)")
    .option('--minor <version>', `Kubernetes minor: ${MINORS.join(', ')} (default: ${DEFAULT_MINOR})`)
    .option('--controllers', 'also run kube-controller-manager and kube-scheduler')
    .option('--bind-address <ip>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on (default: any free one)', parsePort)
    .option('--api-server-arg <flag>', 'a further flag for kube-apiserver, --name=value (repeatable)', collect, [])
    .option('--force', 'overwrite a kubeconfig that was not written by this program')
    .option('--prepare', 'only build or download the binaries, then end (--minor all for every minor)')
    .helpOption('-h, --help', 'show this text')
    .addHelpText('after', HELP_AFTER)
    .allowExcessArguments(false);
}

const HELP_AFTER = `
The line "ready" on standard output says that the API answers. Progress goes to standard error.

Binaries are taken from KUBEBUILDER_ASSETS, from the cache (LONGSHORE_CACHE, default ~/.cache/longshore), from the
envtest archive (LONGSHORE_ENVTEST_URL, with {version}, {os}, {arch}), or built with Go in a source tree.

Exit codes: 0 stopped by a signal, 1 could not start or ended by itself, 2 wrong command line.`;

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function interpret(options: RawOptions): CliRequest {
  const minors = minorsOf(options);
  if (typeof minors === 'string') return { kind: 'mistake', message: minors };
  const controllers = options.controllers ?? false;
  if (options.prepare) return { kind: 'prepare', minors: minors.length > 0 ? minors : [DEFAULT_MINOR], controllers };
  const { kubeconfig, force: mayOverwrite = false, apiServerArg: apiServerArgs } = options;
  if (!kubeconfig) return { kind: 'mistake', message: 'name a file with --kubeconfig FILE (--help shows all options)' };
  const [minor] = minors;
  const run = {
    kubeconfig,
    mayOverwrite,
    controllers,
    apiServerArgs,
    ...(minor ? { minor } : {}),
    ...listenOptions(options),
  };
  return { kind: 'run', run };
}

function listenOptions({ bindAddress, port }: RawOptions): Pick<RunRequest, 'bindAddress' | 'port'> {
  return { ...(bindAddress ? { bindAddress } : {}), ...(port === undefined ? {} : { port }) };
}

function minorsOf({ minor, prepare }: RawOptions): readonly Minor[] | string {
  if (minor === undefined) return [];
  if (minor === 'all' && prepare) return MINORS;
  const parsed = parseMinor(minor);
  return parsed ? [parsed] : `--minor ${minor} is not known: choose one of ${MINORS.join(', ')}`;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('It is not a port (1-65535).');
  return port;
}
