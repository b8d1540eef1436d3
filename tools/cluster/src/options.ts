// The command line of `npm run cluster`. Pure apart from commander's own parsing: main.ts does what comes out of it.
import { Command, CommanderError, Option } from 'commander';

/** What was asked for. */
export type CommandLine =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'mistake'; readonly message: string }
  | { readonly kind: 'up'; readonly up: UpRequest }
  | { readonly kind: 'load'; readonly archives: readonly string[]; readonly cluster: string | undefined }
  | { readonly kind: 'e2e'; readonly pattern: string | undefined };

/** The cluster to start. */
export interface UpRequest {
  /** Where the kubeconfig is copied to. */
  readonly kubeconfig?: string;
  readonly force?: boolean;
  readonly cloudProvider: 'external' | 'none';
  readonly network: boolean;
  readonly nodeName: string;
  readonly image: readonly string[];
}

/** Parses what stands behind the command. */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  let printed = '';
  let request: CommandLine | undefined;
  const write = (text: string): void => void (printed += text);
  const command = describe(version, (one) => (request = one));
  for (const one of [command, ...command.commands]) {
    one.exitOverride().configureOutput({ writeOut: write, writeErr: write });
  }
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', text: printed };
    if (argv.length > 0) return { kind: 'mistake', message: error.message.replace(/^error: /, '') };
  }
  return request ?? { kind: 'mistake', message: 'name a command: up, load or e2e' };
}

function describe(version: string, take: (request: CommandLine) => void): Command {
  const command = new Command('npm run cluster --')
    .description(
      'A Kubernetes cluster of one node, of real parts: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet,\n' +
        'containerd with runc, CNI. Linux, as root. It is in namespaces and a temp folder of its own; nothing is left of it.',
    )
    .version(version, '--version', 'print the version');
  command
    .command('up')
    .description('start it, and end it at Ctrl-C or SIGTERM')
    .option('--kubeconfig <file>', "also write the administrator's kubeconfig here (mode 0600)")
    .option('--force', 'overwrite that file even if this program did not write it')
    .addOption(
      new Option('--cloud-provider <kind>', 'external: the Node waits for a cloud controller manager')
        .choices(['none', 'external'])
        .default('none'),
    )
    .option('--no-network', 'pods get no network: as before a CNI is installed')
    .option('--node-name <name>', 'name of the Node', 'longshore-node')
    .option('--image <archive>', 'load an image first; can be given several times', collect, [])
    .action((up: UpRequest) => take({ kind: 'up', up }));
  command
    .command('load')
    .description('load images into the cluster that runs: archives of npm run image -- NAME --format docker-archive')
    .argument('<archive...>')
    .option('--cluster <folder>', 'which, where several run: the folder that "up" printed')
    .action((archives: readonly string[], { cluster }: { readonly cluster?: string }) =>
      take({ kind: 'load', archives, cluster }),
    );
  command
    .command('e2e')
    .description(
      'run what is tested in such clusters: the programs from their images and manifests, against simulated clouds',
    )
    .argument('[pattern]', 'only spec files whose path matches')
    .action((pattern: string | undefined) => take({ kind: 'e2e', pattern }));
  return command;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
