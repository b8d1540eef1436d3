// `alpha phases …` of the command tree: flags to options, nothing else.
import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { getKubeconfig } from '../inspect/inspect-commands.ts';
import { moveClusters } from '../pivot/move-command.ts';
import { defined, kubeconfigOf } from './cluster-commands.ts';
import type { Run } from './cluster-commands.ts';
import {
  applyClusterPhase,
  applyFilePhase,
  applyMachinesPhase,
  createBootstrapPhase,
  limitsOf,
  readComponents,
} from './phase-commands.ts';
import { bootstrapOf, withBootstrapOptions } from './shared-options.ts';
import type { BootstrapOptions } from './shared-options.ts';

/** Adds the commands. */
export function addAlphaCommands(program: Command, run: Run): void {
  const phases = program
    .command('alpha')
    .description('Commands that may change.')
    .command('phases')
    .description('The phases of create cluster, one by one.');
  addBootstrapPhase(phases, run);
  addFilePhase(phases, run, {
    name: 'apply-bootstrap-components',
    flag: '-b, --bootstrap-components <file>',
    option: 'bootstrapComponents',
  });
  addFilePhase(phases, run, {
    name: 'apply-cluster-api-components',
    flag: '-p, --provider-components <file>',
    option: 'providerComponents',
  });
  addObjectPhases(phases, run);
  addKubeconfigPhase(phases, run);
  addFilePhase(phases, run, { name: 'apply-addons', flag: '-a, --addon-components <file>', option: 'addonComponents' });
  addPivotPhase(phases, run);
}

function addBootstrapPhase(phases: Command, run: Run): void {
  const command = phases
    .command('create-bootstrap-cluster')
    .description('Makes a bootstrap cluster and leaves it there.')
    .option('--kubeconfig-out <file>', 'where its kubeconfig goes (mode 0600)', 'minikube.kubeconfig')
    .option('--state-dir <folder>', 'where it is remembered');
  withBootstrapOptions(command).action((options: BootstrapOptions & { kubeconfigOut: string; stateDir?: string }) =>
    run((host) =>
      createBootstrapPhase(
        { bootstrap: bootstrapOf(options), out: options.kubeconfigOut, ...defined({ stateDir: options.stateDir }) },
        host,
      ),
    ),
  );
}

interface FilePhase {
  readonly name: string;
  readonly flag: string;
  readonly option: string;
}

function addFilePhase(phases: Command, run: Run, { name, flag, option }: FilePhase): void {
  phases
    .command(name)
    .description('Applies the objects of a file.')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster (default: KUBECONFIG)')
    .requiredOption(flag, 'YAML to apply')
    .action((options: Readonly<Record<string, string>>) =>
      run((host) =>
        applyFilePhase(
          { kubeconfig: kubeconfigOf(options['kubeconfig'], host), file: options[option] ?? '', title: name },
          host,
        ),
      ),
    );
}

function addObjectPhases(phases: Command, run: Run): void {
  phases
    .command('apply-cluster')
    .description('Applies the Cluster.')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster that is to keep it (default: KUBECONFIG)')
    .requiredOption('-c, --cluster <file>', 'YAML of the Cluster')
    .action((options: { kubeconfig?: string; cluster: string }) =>
      run((host) =>
        applyClusterPhase({ kubeconfig: kubeconfigOf(options.kubeconfig, host), file: options.cluster }, host),
      ),
    );
  phases
    .command('apply-machines')
    .description('Applies machines, sets and deployments.')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster that is to keep them (default: KUBECONFIG)')
    .requiredOption('-m, --machines <file>', 'YAML of the machines')
    .option('-n, --namespace <name>', 'namespace of the Cluster')
    .action((options: { kubeconfig?: string; machines: string; namespace?: string }) =>
      run((host) => {
        const kubeconfig = kubeconfigOf(options.kubeconfig, host);
        return applyMachinesPhase(
          { kubeconfig, file: options.machines, ...defined({ namespace: options.namespace }) },
          host,
        );
      }),
    );
}

function addKubeconfigPhase(phases: Command, run: Run): void {
  phases
    .command('get-kubeconfig')
    .description('Writes the kubeconfig of a cluster.')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster that keeps the Cluster (default: KUBECONFIG)')
    .requiredOption('--cluster-name <name>', 'name of the Cluster')
    .option('--provider <name>', 'packet', 'packet')
    .option('--kubeconfig-out <file>', 'where it goes (mode 0600)', 'kubeconfig')
    .option('-n, --namespace <name>', 'namespace of the Cluster')
    .action((options: { kubeconfig?: string; clusterName: string; kubeconfigOut: string; namespace?: string }) =>
      run((host) => {
        const { clusterName: name, kubeconfigOut: out, namespace } = options;
        return getKubeconfig(
          { kubeconfig: kubeconfigOf(options.kubeconfig, host), name, out, ...defined({ namespace }) },
          host,
        );
      }),
    );
}

function addPivotPhase(phases: Command, run: Run): void {
  phases
    .command('pivot')
    .description('Moves all Clusters to another cluster.')
    .requiredOption('-s, --source-kubeconfig <file>', 'kubeconfig of the cluster that keeps them now')
    .requiredOption('-t, --target-kubeconfig <file>', 'kubeconfig of the cluster that is to keep them')
    .requiredOption('-p, --provider-components <file>', 'YAML of the controllers')
    .option('--source-sealing-key-file <file>', 'sealing key of the managers of the source, when theirs is in a file')
    .option('--target-sealing-key-file <file>', 'sealing key of the managers of the target, when theirs is in a file')
    .action((options: PivotFlags) => run((host) => pivotPhase(options, host)));
}

interface PivotFlags {
  readonly sourceKubeconfig: string;
  readonly targetKubeconfig: string;
  readonly providerComponents: string;
  readonly sourceSealingKeyFile?: string;
  readonly targetSealingKeyFile?: string;
}

async function pivotPhase(options: PivotFlags, host: Host): Promise<void> {
  const components = await readComponents(options.providerComponents, host);
  const { sourceKubeconfig: kubeconfig, targetKubeconfig: toKubeconfig } = options;
  const keyFiles = defined({ source: options.sourceSealingKeyFile, target: options.targetSealingKeyFile });
  await moveClusters({ kubeconfig, toKubeconfig, components, keyFiles, limits: limitsOf(host), isDryRun: false }, host);
}
