// `create`, `delete`, `validate`, `get`, `describe`, `move` of the command tree: flags to options, nothing else.
import type { Command } from 'commander';
import { createCluster } from '../create/create-cluster.ts';
import type { Host } from '../host.ts';
import { describe, getKubeconfig, validate } from '../inspect/inspect-commands.ts';
import { moveClusters } from '../pivot/move-command.ts';
import { failure } from '../problem.ts';
import { deleteCluster } from '../remove/delete-cluster.ts';
import { useContext } from './kubeconfig-context.ts';
import { limitsOf, readComponents } from './phase-commands.ts';
import { bootstrapOf, isCleanedUp, withBootstrapOptions } from './shared-options.ts';
import type { BootstrapOptions } from './shared-options.ts';

/** What a command does; its number is the exit code (none: 0). */
export type Run = (work: (host: Host) => Promise<number | void>) => Promise<void>;

/** Adds the commands. */
export function addClusterCommands(program: Command, run: Run): void {
  addCreate(program, run);
  addDelete(program, run);
  addValidate(program, run);
  addGet(program, run);
  addDescribe(program, run);
  addMove(program, run);
}

type Given<T> = { readonly [Name in keyof T]: T[Name] };
type StateDir = Given<{ stateDir?: string }>;

function addCreate(program: Command, run: Run): void {
  const command = program
    .command('create')
    .description('Creates what it is told.')
    .command('cluster')
    .description(
      'Creates a cluster: from a bootstrap cluster, which then hands it over to itself. The same command again goes on where the last one ended.',
    )
    .requiredOption('-c, --cluster <file>', 'YAML of the Cluster')
    .requiredOption('-m, --machines <file>', 'YAML of Machines, MachineSets, MachineDeployments, MachineClasses')
    .requiredOption('-p, --provider-components <file>', 'YAML of the controllers')
    .requiredOption('--provider <name>', 'packet')
    .option('-a, --addon-components <file>', 'YAML to apply to the new cluster')
    .option('--bootstrap-only-components <file>', 'YAML to apply to the bootstrap cluster only')
    .option('--kubeconfig-out <file>', 'where the kubeconfig of the new cluster goes (mode 0600)', 'kubeconfig')
    .option('--state-dir <folder>', 'where the journal is kept (default: a folder below $XDG_STATE_HOME/clusterctl)')
    .option('--resume', 'what happens anyway: go on where the last run ended');
  withBootstrapOptions(command).action((options: CreateFlags) =>
    run(async (host) => {
      requirePacket(options.provider);
      const {
        cluster,
        machines,
        providerComponents,
        addonComponents,
        bootstrapOnlyComponents,
        kubeconfigOut,
        stateDir,
      } = options;
      await createCluster(
        {
          cluster,
          machines,
          providerComponents,
          kubeconfigOut,
          bootstrap: bootstrapOf(options),
          isCleanedUp: isCleanedUp(options),
          ...defined({ addonComponents, bootstrapOnlyComponents, stateDir }),
        },
        host,
      );
    }),
  );
}

interface CreateFlags extends BootstrapOptions, StateDir {
  readonly cluster: string;
  readonly machines: string;
  readonly providerComponents: string;
  readonly provider: string;
  readonly addonComponents?: string;
  readonly bootstrapOnlyComponents?: string;
  readonly kubeconfigOut: string;
}

function addDelete(program: Command, run: Run): void {
  const command = program
    .command('delete')
    .description('Deletes what it is told.')
    .command('cluster')
    .description(
      'Deletes a cluster with all its servers, from a bootstrap cluster. The same command again goes on where the last one ended.',
    )
    .requiredOption('--kubeconfig <file>', 'kubeconfig of the cluster that is deleted')
    .option(
      '-p, --provider-components <file>',
      'YAML of the controllers (default: those that create cluster left on the cluster)',
    )
    .option('--cluster <name>', 'name of the cluster in the kubeconfig')
    .option('--user <name>', 'name of the user in the kubeconfig')
    .option('-n, --namespace <name>', 'namespace of the Cluster (default: that of the only one)')
    .option('--state-dir <folder>', 'where the journal is kept');
  withBootstrapOptions(command).action((options: DeleteFlags) =>
    run(async (host) => {
      const { providerComponents, namespace, stateDir } = options;
      await deleteCluster(
        {
          kubeconfig: await useContext(options.kubeconfig, options, host),
          bootstrap: bootstrapOf(options),
          isCleanedUp: isCleanedUp(options),
          ...defined({ providerComponents, namespace, stateDir }),
        },
        host,
      );
    }),
  );
}

interface ContextFlags {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

interface DeleteFlags extends BootstrapOptions, StateDir, ContextFlags {
  readonly kubeconfig: string;
  readonly providerComponents?: string;
}

function addValidate(program: Command, run: Run): void {
  program
    .command('validate')
    .description('Checks what it is told.')
    .command('cluster')
    .description(
      'Checks the Cluster, its machines and Nodes, and the pods of kube-system. Exit code 1: something is wrong.',
    )
    .option('--kubeconfig <file>', 'kubeconfig of the cluster (default: KUBECONFIG)')
    .option('--cluster <name>', 'name of the cluster in the kubeconfig')
    .option('--user <name>', 'name of the user in the kubeconfig')
    .option('-n, --namespace <name>', 'namespace of the Cluster (default: that of the only one)')
    .action((options: ContextFlags & { readonly kubeconfig?: string }) =>
      run(async (host) => {
        const kubeconfig = await useContext(kubeconfigOf(options.kubeconfig, host), options, host);
        const isHealthy = await validate({ kubeconfig, ...defined({ namespace: options.namespace }) }, host);
        return isHealthy ? 0 : 1;
      }),
    );
}

function addGet(program: Command, run: Run): void {
  program
    .command('get')
    .description('Prints what it is told.')
    .command('kubeconfig')
    .argument('[name]', 'name of the Cluster (default: the only one)')
    .description('Prints the kubeconfig of a cluster.')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster that keeps the Cluster (default: KUBECONFIG)')
    .option('-n, --namespace <name>', 'namespace of the Cluster')
    .option('--kubeconfig-out <file>', 'write it there (mode 0600) instead')
    .action((name: string | undefined, options: { kubeconfig?: string; namespace?: string; kubeconfigOut?: string }) =>
      run((host) => {
        const kubeconfig = kubeconfigOf(options.kubeconfig, host);
        return getKubeconfig(
          { kubeconfig, ...defined({ name, namespace: options.namespace, out: options.kubeconfigOut }) },
          host,
        );
      }),
    );
}

function addDescribe(program: Command, run: Run): void {
  program
    .command('describe')
    .description('Explains what it is told.')
    .command('cluster')
    .argument('[name]', 'name of the Cluster (default: the only one)')
    .description('Shows what belongs to a cluster as a tree, with the conditions that are not as they should be.')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster that keeps the Cluster (default: KUBECONFIG)')
    .option('-n, --namespace <name>', 'namespace of the Cluster')
    .option('--show-conditions', 'all conditions, not only those that are not as they should be')
    .action(
      (name: string | undefined, options: { kubeconfig?: string; namespace?: string; showConditions?: boolean }) =>
        run((host) => {
          const kubeconfig = kubeconfigOf(options.kubeconfig, host);
          const isWhole = options.showConditions === true;
          return describe({ kubeconfig, isWhole, ...defined({ name, namespace: options.namespace }) }, host);
        }),
    );
}

interface MoveFlags {
  readonly kubeconfig: string;
  readonly toKubeconfig: string;
  readonly providerComponents: string;
  readonly namespace?: string;
  readonly cluster?: string;
  readonly sealingKeyFile?: string;
  readonly toSealingKeyFile?: string;
  readonly dryRun?: boolean;
}

function addMove(program: Command, run: Run): void {
  program
    .command('move')
    .description(
      'Moves Clusters with all that belongs to them to another cluster. The same command again goes on where the last one ended.',
    )
    .requiredOption('--kubeconfig <file>', 'kubeconfig of the cluster that keeps them now')
    .requiredOption('--to-kubeconfig <file>', 'kubeconfig of the cluster that is to keep them')
    .requiredOption('-p, --provider-components <file>', 'YAML of the controllers, for the cluster that is to keep them')
    .option('-n, --namespace <name>', 'only Clusters of this namespace')
    .option('--cluster <name>', 'only this Cluster (of --namespace, default: default)')
    .option('--sealing-key-file <file>', 'sealing key of the managers there now, when theirs is in a file')
    .option(
      '--to-sealing-key-file <file>',
      'sealing key of the managers that are to keep them, when theirs is in a file',
    )
    .option('--dry-run', 'say what would be moved')
    .action((options: MoveFlags) => run((host) => move(options, host)));
}

async function move(options: MoveFlags, host: Host): Promise<void> {
  const { kubeconfig, toKubeconfig, namespace, cluster: name, dryRun } = options;
  const components = await readComponents(options.providerComponents, host);
  const keyFiles = defined({ source: options.sealingKeyFile, target: options.toSealingKeyFile });
  await moveClusters(
    {
      ...{ kubeconfig, toKubeconfig, components, keyFiles, limits: limitsOf(host), isDryRun: dryRun === true },
      ...defined({ namespace, name }),
    },
    host,
  );
}

/** `--kubeconfig`, else KUBECONFIG; clusterctl never runs in a pod. */
export function kubeconfigOf(given: string | undefined, host: Host): string {
  const found = given ?? host.env['KUBECONFIG'];
  if (found !== undefined && found !== '') return found;
  throw failure('CTL_USAGE', 'no cluster is named: give --kubeconfig, or set KUBECONFIG');
}

function requirePacket(provider: string): void {
  if (provider !== 'packet') throw failure('CTL_USAGE', `--provider "${provider}" is unknown: packet is the only one`);
}

type Defined<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Without the absent ones. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
