// Options that several commands share, with their older spellings, and the flags of klog that scripts give and nobody needs.
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { toBootstrapWish } from '../bootstrap-cluster/bootstrap-cluster.ts';
import type { BootstrapWish } from '../bootstrap-cluster/bootstrap-cluster.ts';

/** What commander reads of the bootstrap flags. */
export interface BootstrapOptions {
  readonly bootstrapType: string;
  readonly bootstrapClusterKubeconfig?: string;
  readonly existingBootstrapClusterKubeconfig?: string;
  readonly bootstrapFlags: readonly string[];
  readonly bootstrapClusterCleanup: boolean;
  readonly cleanupBootstrapCluster?: boolean;
}

/** Adds the bootstrap flags. */
export function withBootstrapOptions(command: Command): Command {
  return command
    .option('--bootstrap-type <type>', 'what makes the bootstrap cluster: kind, embedded, or none (use -e)', 'none')
    .option(
      '-e, --bootstrap-cluster-kubeconfig <file>',
      'kubeconfig of a bootstrap cluster that exists; it is not deleted',
    )
    .option(
      '--bootstrap-flags <flag>',
      'flag for the command that makes the bootstrap cluster, passed as --<flag> (repeatable, or a comma list)',
      collect,
      [],
    )
    .option(
      '--bootstrap-cluster-cleanup [bool]',
      'delete a bootstrap cluster that was made, after success only',
      toBoolean,
      true,
    )
    .addOption(new Option('--existing-bootstrap-cluster-kubeconfig <file>', 'older name of -e').hideHelp())
    .addOption(new Option('--cleanup-bootstrap-cluster [bool]', 'older name').argParser(toBoolean).hideHelp())
    .addOption(new Option('--minikube', 'gone').hideHelp())
    .addOption(new Option('--vm-driver <name>', 'gone').hideHelp());
}

/** The bootstrap cluster that the flags ask for; rejects what cannot be. */
export function bootstrapOf(options: BootstrapOptions & { readonly minikube?: boolean }): BootstrapWish {
  return toBootstrapWish({
    bootstrapType: options.minikube === true ? 'minikube' : options.bootstrapType,
    bootstrapClusterKubeconfig: options.bootstrapClusterKubeconfig ?? options.existingBootstrapClusterKubeconfig,
    bootstrapFlags: options.bootstrapFlags,
  });
}

/** Whether a bootstrap cluster that was made goes after success. */
export function isCleanedUp(options: BootstrapOptions): boolean {
  return options.cleanupBootstrapCluster ?? options.bootstrapClusterCleanup;
}

const KLOG: readonly string[] = [
  '-v, --v <level>',
  '--vmodule <pattern>',
  '--logtostderr [bool]',
  '--alsologtostderr [bool]',
  '--stderrthreshold <severity>',
  '--log-dir <folder>',
  '--log-file <file>',
  '--log-file-max-size <megabytes>',
  '--log-flush-frequency <duration>',
  '--log-backtrace-at <place>',
  '--skip-headers [bool]',
  '--skip-log-headers [bool]',
];

/** Accepted without effect, hidden; those that the command has itself stay its own. */
export function withKlogOptions(command: Command): Command {
  const own = new Set(command.options.map(({ long }) => long));
  const hidden = [...KLOG, '--master <address>', '--kubeconfig <file>'].map((flags) =>
    new Option(flags, 'accepted, without effect').hideHelp(),
  );
  for (const option of hidden) if (!own.has(option.long)) command.addOption(option);
  return command;
}

/** `--foo_bar` is `--foo-bar`, as in Go's flags. Pure. */
export function withDashes(argv: readonly string[]): readonly string[] {
  return argv.map((argument) => argument.replace(/^--[^=]+/, (name) => name.replaceAll('_', '-')));
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function toBoolean(text: string): boolean {
  if (['true', '1', 't'].includes(text.toLowerCase())) return true;
  if (['false', '0', 'f'].includes(text.toLowerCase())) return false;
  throw new InvalidArgumentError('true or false');
}
