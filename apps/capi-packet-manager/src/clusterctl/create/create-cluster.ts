// `create cluster`: the phases in their order, each noted in the journal, so that the same command goes on where the last one ended.
import type { KubeClient } from '@longshore/k8s-runtime';
import { messageOf } from '@longshore/reconciler-core';
import { doesAnswer } from '../bootstrap-cluster/existing-cluster.ts';
import { bootstrapIdentity, makeBootstrap } from '../bootstrap-cluster/make-bootstrap.ts';
import type { Host } from '../host.ts';
import { accountProblems, accountWishes, inputWarnings } from '../input/preflight.ts';
import { stateFolderName } from '../journal/journal.ts';
import { JournalFile } from '../journal/journal-file.ts';
import { observeScope } from '../pivot/observe-content.ts';
import { failure, listed } from '../problem.ts';
import { readLimits } from '../wait/limits.ts';
import {
  applyBootstrapOnly,
  applyCluster,
  applyProvider,
  awaitEndpoint,
  createMaster,
  writeKubeconfig,
} from './bootstrap-phases.ts';
import { CreateContext } from './create-context.ts';
import type { Say } from './create-context.ts';
import { credentialsOf, readCreateInput, stateFolder } from './create-input.ts';
import type { CreateInput } from './create-input.ts';
import type { CreateOptions } from './create-options.ts';
import { failureReport } from './failure-report.ts';
import {
  applyAddons,
  awaitTarget,
  createMachines,
  pivotToTarget,
  retireComponents,
  saveComponents,
} from './target-phases.ts';

/** One phase. `hash`: the files that it works on; it is done again when they change. */
interface Phase {
  readonly name: string;
  readonly title: string;
  readonly hash: (files: CreateInput) => string;
  readonly run: (context: CreateContext, say: Say) => Promise<void>;
}

const none = (): string => '';

/** Before the move: on the bootstrap cluster. */
const BEFORE: readonly Phase[] = [
  { name: 'bootstrap-components', title: 'Bootstrap-only components', hash: none, run: applyBootstrapOnly },
  {
    name: 'provider-components',
    title: 'Provider components',
    hash: ({ hashes }) => hashes.components,
    run: applyProvider,
  },
  { name: 'cluster', title: 'Cluster', hash: ({ hashes }) => hashes.cluster, run: applyCluster },
  { name: 'control-plane-machine', title: 'Control plane machine', hash: none, run: createMaster },
  {
    name: 'endpoint',
    title: 'Endpoint',
    hash: none,
    run: async (context, say) => awaitEndpoint(context, await context.source(), say),
  },
  { name: 'kubeconfig', title: 'Kubeconfig', hash: none, run: writeKubeconfig },
  { name: 'target', title: 'API server of the new cluster', hash: none, run: awaitTarget },
  { name: 'addons', title: 'Add-ons', hash: ({ hashes }) => hashes.addons, run: applyAddons },
];
const PIVOT: Phase = { name: 'pivot', title: 'Move to the new cluster', hash: none, run: pivotToTarget };
/** After the move: on the new cluster. */
const AFTER: readonly Phase[] = [
  { name: 'save-components', title: 'Components for later', hash: none, run: saveComponents },
  {
    name: 'target-endpoint',
    title: 'The managers of the new cluster at work',
    hash: none,
    run: async (context, say) => awaitEndpoint(context, await context.target(), say),
  },
  { name: 'machines', title: 'Machines', hash: ({ hashes }) => hashes.machines, run: createMachines },
];

/** Names of all phases in their order, for help and docs. */
export const PHASE_NAMES: readonly string[] = [
  'preflight',
  'bootstrap-cluster',
  ...[...BEFORE, PIVOT, ...AFTER].map(({ name }) => name),
  'cleanup',
];

/** Creates the cluster; rejects with what to do next when it cannot. */
export async function createCluster(options: CreateOptions, host: Host): Promise<void> {
  const credentials = credentialsOf(host.env);
  if (credentials) host.hide(credentials.apiKey);
  const files = await readCreateInput(options, host);
  const { limits, problems } = readLimits(host.env);
  if (problems.length > 0) throw failure('CTL_INPUT_INVALID', listed('nothing was created:', problems));
  const journal = await openJournal(options, files, host);
  const context = new CreateContext({ host, options, files, journal, limits });
  try {
    if (await isComplete(context)) return;
    await preflight(context);
    await runPhases(context);
    await cleanUp(context);
    await journal.complete();
    const { namespace, name } = context.id;
    host.progress.note(
      `Cluster ${namespace}/${name} is ready: kubectl --kubeconfig ${options.kubeconfigOut} get nodes`,
    );
  } finally {
    await context.close();
    await journal.close();
  }
}

async function openJournal(options: CreateOptions, files: CreateInput, host: Host): Promise<JournalFile> {
  const { namespace = 'default', name = '' } = files.input.cluster.metadata ?? {};
  const cluster = { namespace, name };
  const { kubeconfig } = options.bootstrap;
  const server = kubeconfig === undefined ? '' : (await host.connect(kubeconfig)).server;
  const folderName = stateFolderName(cluster, bootstrapIdentity(options.bootstrap, server));
  const folder = stateFolder(options.stateDir, folderName, host.env);
  return JournalFile.open({
    folder,
    command: 'create cluster',
    cluster,
    nowMs: () => host.clock.nowMs(),
    write: host.writeSecretFile,
  });
}

// Made by an earlier run. When its servers are gone, the cluster was deleted since, and a new one may be made.
async function isComplete(context: CreateContext): Promise<boolean> {
  const { journal, host, id, files, options } = context;
  if (!journal.content.isComplete) return false;
  const devices = (await host.account()?.devicesOf(id, files.projectId, host.signal)) ?? [];
  if (devices.length === 0) {
    await journal.restart();
    return false;
  }
  host.progress.note(
    `Cluster ${id.namespace}/${id.name} was created by an earlier run; nothing to do (kubeconfig: ${options.kubeconfigOut})`,
  );
  return true;
}

// A run that goes on has passed it, and its own servers would count against the quota.
async function preflight(context: CreateContext): Promise<void> {
  const { host, files, options, journal, id } = context;
  for (const warning of inputWarnings(files.input)) host.progress.note(`warning: ${warning}`);
  if (journal.isDone('preflight', '') || hasBegun(context, 'control-plane-machine')) {
    host.progress.skip('Preflight', 'done before');
    return;
  }
  await host.progress.phase('Preflight', async () => {
    const problems = await accountProblems(host.account(), accountWishes(options.machines, files.input), host.signal);
    const left = problems.length > 0 ? [] : await leftOvers(context);
    const all = [...problems, ...(await unreachable(context)), ...left];
    if (all.length > 0)
      throw failure('CTL_PREFLIGHT_FAILED', listed(`Cluster ${id.namespace}/${id.name}: nothing was created:`, all));
  });
  await journal.finish('preflight', '');
}

async function unreachable({ host, options }: CreateContext): Promise<readonly string[]> {
  const { kubeconfig } = options.bootstrap;
  if (kubeconfig === undefined) return [];
  try {
    const client = await host.connect(kubeconfig);
    const { status } = await client.raw(
      { method: 'GET', path: '/healthz' },
      { signal: host.signal, timeoutMs: 30_000 },
    );
    return status === 200 ? [] : [`the bootstrap cluster ${client.server} answers ${status} to /healthz`];
  } catch (error) {
    host.signal.throwIfAborted();
    return [`the bootstrap cluster of ${kubeconfig} cannot be reached: ${messageOf(error)}`];
  }
}

// Servers of a cluster of this name that no journal of ours knows: making a second set would cost money and mix both up.
async function leftOvers({ host, id, files, options }: CreateContext): Promise<readonly string[]> {
  const devices = (await host.account()?.devicesOf(id, files.projectId, host.signal)) ?? [];
  if (devices.length === 0 || (await isKnownThere(host, options, id))) return [];
  const names = devices.map(({ hostname, id: device }) => `${hostname} (${device})`).join(', ');
  return [
    `the project has servers of a cluster ${id.namespace}/${id.name} already: ${names}; delete them or choose another name`,
  ];
}

async function isKnownThere(host: Host, options: CreateOptions, id: CreateContext['id']): Promise<boolean> {
  const { kubeconfig } = options.bootstrap;
  if (kubeconfig === undefined) return false;
  const scope = await observeScope(await host.connect(kubeconfig), id, host.signal).catch(() => undefined);
  return scope?.cluster !== undefined;
}

async function runPhases(context: CreateContext): Promise<void> {
  const { host } = context;
  const wasMoved = isDone(context, PIVOT);
  if (!wasMoved) {
    await attachBootstrap(context);
    refuseChanges(context);
  }
  for (const phase of BEFORE) {
    if (wasMoved || hasBegun(context, 'pivot')) host.progress.skip(phase.title, 'done before');
    else await runPhase(context, phase);
  }
  await runPhase(context, PIVOT);
  for (const phase of AFTER) await runPhase(context, phase);
}

async function runPhase(context: CreateContext, phase: Phase): Promise<void> {
  const { host, journal, files } = context;
  if (isDone(context, phase)) {
    host.progress.skip(phase.title, 'done before');
    await afterSkip(context, phase);
    return;
  }
  await journal.begin(phase.name, phase.hash(files));
  await reporting(context, () => host.progress.phase(phase.title, (say) => phase.run(context, say)));
  await journal.finish(phase.name, phase.hash(files));
}

// The manager beside us ended with the earlier run.
async function afterSkip(context: CreateContext, phase: Phase): Promise<void> {
  if (phase.name !== 'provider-components' || !context.isEmbedded) return;
  await context.localManagers((text) => context.host.progress.note(`    ${text}`)).start();
}

async function attachBootstrap(context: CreateContext): Promise<void> {
  const { host, options } = context;
  await reporting(context, async () => {
    context.bootstrap = await host.progress.phase('Bootstrap cluster', (say) =>
      makeBootstrap(options.bootstrap, context.bootstrapParts(say)),
    );
  });
}

// Once objects move, the files are history: what is to be changed is changed on the new cluster.
function refuseChanges({ journal, files }: CreateContext): void {
  if (journal.content.phases['pivot'] === undefined) return;
  const record = journal.content.phases['cluster'];
  if (record === undefined || record.inputs === files.hashes.cluster) return;
  throw failure(
    'CTL_INPUT_CHANGED',
    'cluster.yaml was changed while the cluster is being moved: put it back, repeat the command, and change the Cluster afterwards',
  );
}

function isDone({ journal, files }: CreateContext, phase: Phase): boolean {
  return journal.isDone(phase.name, phase.hash(files));
}

function hasBegun({ journal }: CreateContext, phase: string): boolean {
  return journal.content.phases[phase] !== undefined;
}

// Only here, after success, does a bootstrap cluster go.
async function cleanUp(context: CreateContext): Promise<void> {
  const { host, journal } = context;
  if (journal.isDone('cleanup', '') || (await isGone(context))) return;
  if (!context.bootstrap) await attachBootstrap(context);
  await journal.begin('cleanup', '');
  await reporting(context, () => host.progress.phase('Clean up', (say) => cleanUpOnce(context, say)));
  await journal.finish('cleanup', '');
}

async function cleanUpOnce(context: CreateContext, say: Say): Promise<void> {
  const { options, files, journal, bootstrap } = context;
  await context.close();
  if (options.bootstrap.type === 'existing') {
    const client: KubeClient = await context.source();
    const hadComponents = journal.content.bootstrap?.hadComponents ?? true;
    await retireComponents({ client, components: files.components, hadComponents }, context.apply(client, say));
  } else if (options.isCleanedUp) await bootstrap?.remove();
  else say(`${bootstrap?.description ?? ''} stays`);
}

// An earlier run was ended after the bootstrap cluster was deleted and before that was noted: it must not be made again.
async function isGone({ host, journal, options }: CreateContext): Promise<boolean> {
  const { kubeconfig } = journal.content.bootstrap ?? {};
  const { type } = options.bootstrap;
  if (type === 'existing') return false;
  // A control plane that ended with its machine holds nothing any more.
  if (journal.content.phases['cleanup'] === undefined && type !== 'embedded') return false;
  return kubeconfig !== undefined && !(await doesAnswer(host, kubeconfig));
}

async function reporting(context: CreateContext, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw await failureReport(error, context);
  }
}
