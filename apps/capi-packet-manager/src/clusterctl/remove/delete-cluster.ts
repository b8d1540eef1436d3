// `delete cluster`: the cluster's objects are moved to a bootstrap cluster, because nothing can delete the machine that it runs on, and are
// deleted there. The API key is tried before anything is touched. The same command again goes on where the last one ended.
import type { KubeClient } from '@longshore/k8s-runtime';
import { clusters } from '../../api/resources.ts';
import type { BootstrapCluster } from '../bootstrap-cluster/bootstrap-cluster.ts';
import { untilItAnswers } from '../bootstrap-cluster/existing-cluster.ts';
import { LocalManagers, together } from '../bootstrap-cluster/local-managers.ts';
import { bootstrapIdentity, makeBootstrap } from '../bootstrap-cluster/make-bootstrap.ts';
import { credentialsOf, fillIn, projectOf, readFile, stateFolder } from '../create/create-input.ts';
import { applyIdle, retireComponents, savedComponents } from '../create/target-phases.ts';
import type { ClusterName, Host } from '../host.ts';
import { parseDocuments } from '../input/documents.ts';
import { hashOf } from '../journal/journal.ts';
import type { JournalFile } from '../journal/journal-file.ts';
import { openJournal, peekJournal } from '../journal/open-journal.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { namespaces } from '../kube-kinds.ts';
import { listAll } from '../pivot/observe-content.ts';
import { moveCluster } from '../pivot/pivot.ts';
import { PROVIDER_NAMESPACES, StatefulSetManagers } from '../pivot/provider-managers.ts';
import type { Managers } from '../pivot/provider-managers.ts';
import { failure, listed } from '../problem.ts';
import { readLimits } from '../wait/limits.ts';
import type { Limits } from '../wait/limits.ts';
import type { WaitParts } from '../wait/wait-until.ts';
import { confirmNothingLeft, deleteObjects, removeBalancers } from './delete-phases.ts';
import type { DeleteOptions } from './delete-options.ts';

interface Deletion {
  readonly options: DeleteOptions;
  readonly host: Host;
  readonly journal: JournalFile;
  readonly limits: Limits;
  readonly components: readonly AnyObject[];
  readonly id: ClusterName;
  readonly projectId: string;
}

/** Deletes the cluster with all its servers. */
export async function deleteCluster(options: DeleteOptions, host: Host): Promise<void> {
  const credentials = credentialsOf(host.env);
  if (credentials) host.hide(credentials.apiKey);
  const cluster = await host.connect(options.kubeconfig);
  const identity = bootstrapIdentity(options.bootstrap, await serverOf(options, host));
  const folder = stateFolder(options.stateDir, `delete-${hashOf(cluster.server, identity)}`, host.env);
  const known = await peekJournal(folder, 'delete cluster');
  const id = known?.cluster ?? (await soleCluster(cluster, options.namespace, host.signal));
  const journal = await openJournal({
    folder,
    command: 'delete cluster',
    cluster: id,
    nowMs: () => host.clock.nowMs(),
    write: host.writeSecretFile,
  });
  try {
    const deletion = await prepare({ options, host, journal, id, cluster, known: known !== undefined });
    await runDeletion(deletion, cluster);
    host.progress.note(`Cluster ${id.namespace}/${id.name} is deleted, no server of it is left`);
    await journal.removeFolder();
  } finally {
    await journal.close();
  }
}

async function serverOf({ bootstrap }: DeleteOptions, host: Host): Promise<string> {
  return bootstrap.kubeconfig === undefined ? '' : (await host.connect(bootstrap.kubeconfig)).server;
}

/** The one Cluster of the namespace, or of all. */
export async function soleCluster(
  client: KubeClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<ClusterName> {
  const all = await listAll(client, clusters, namespace === undefined ? { signal } : { namespace, signal });
  const ids = all.map(({ metadata = {} }) => ({
    namespace: metadata.namespace ?? 'default',
    name: metadata.name ?? '',
  }));
  const [only] = ids;
  if (ids.length === 1 && only) return only;
  const where = `${client.server}${namespace === undefined ? '' : `, namespace ${namespace}`}`;
  if (!only) throw failure('CTL_CLUSTER_UNKNOWN', `there is no Cluster on ${where}`);
  const names = ids.map((id) => `${id.namespace}/${id.name}`);
  throw failure(
    'CTL_CLUSTER_UNKNOWN',
    listed(`there are ${ids.length} Clusters on ${where}: say which by --namespace`, names),
  );
}

interface Preparation {
  readonly options: DeleteOptions;
  readonly host: Host;
  readonly journal: JournalFile;
  readonly id: ClusterName;
  readonly cluster: KubeClient;
  readonly known: boolean;
}

// P13: a key that does not work is found here, while the cluster is whole.
async function prepare(parts: Preparation): Promise<Deletion> {
  const { options, host, journal, id, cluster } = parts;
  const components = await componentsOf(parts);
  const { limits, problems: wrongLimits } = readLimits(host.env);
  const projectId = await projectIdOf(parts);
  const filled = fillIn(components, host.env);
  const problems = [...wrongLimits, ...filled.problems, ...(await keyProblems(host, projectId))];
  const where = `Cluster ${id.namespace}/${id.name} on ${cluster.server}`;
  if (problems.length > 0) throw failure('CTL_PREFLIGHT_FAILED', listed(`${where}: nothing was touched:`, problems));
  return { options, host, journal, limits, id, projectId, components: filled.objects };
}

const COMPONENTS_FILE = 'provider-components.yaml';
const PROJECT_FILE = 'project';

// After the move the cluster does not answer any more: what is needed of it is kept beside the journal (it holds no secret).
async function componentsOf({ options, host, journal, cluster }: Preparation): Promise<readonly AnyObject[]> {
  const { providerComponents } = options;
  const kept = journal.file(COMPONENTS_FILE);
  if (providerComponents === undefined && !(await host.exists(kept))) {
    const text = await savedComponents(cluster, host.signal);
    if (text === undefined)
      throw failure(
        'CTL_INPUT_INVALID',
        `${cluster.server} keeps no provider components (ConfigMap default/clusterctl): give them by -p`,
      );
    await host.writeSecretFile(kept, text);
  }
  if (providerComponents !== undefined) {
    const file = await readFile(providerComponents, host);
    if (file.problems.length > 0) throw failure('CTL_INPUT_INVALID', listed('nothing was deleted:', file.problems));
    return file.objects;
  }
  return parseDocuments({ path: kept, text: await host.readText(kept) }).objects;
}

async function projectIdOf({ host, journal, cluster, id }: Preparation): Promise<string> {
  const file = journal.file(PROJECT_FILE);
  if (await host.exists(file)) return host.readText(file);
  const found = await cluster.get(clusters, id, { signal: host.signal });
  const projectId = found ? projectOf(found) : '';
  await host.writeSecretFile(file, projectId);
  return projectId;
}

async function keyProblems(host: Host, projectId: string): Promise<readonly string[]> {
  const account = host.account();
  if (!account) return ['PACKET_API_KEY is not set: without it no server can be deleted'];
  try {
    if (projectId !== '') await account.verify(projectId, host.signal);
    return [];
  } catch (error) {
    host.signal.throwIfAborted();
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function runDeletion(deletion: Deletion, cluster: KubeClient): Promise<void> {
  const { host, journal, options, limits, id, components, projectId } = deletion;
  const wait = (say: (text: string) => void): WaitParts => ({ clock: host.clock, signal: host.signal, say });
  const run = phaseRunner(deletion);
  const bootstrap = await host.progress.phase('Bootstrap cluster', (say) =>
    makeBootstrap(options.bootstrap, { host, journal, limit: limits.cluster, say }),
  );
  const client = await host.connect(bootstrap.kubeconfig);
  const local = new LocalManagers(
    { host, journal, limit: limits.cluster, say: (text) => host.progress.note(text) },
    components,
  );
  try {
    await run('load-balancers', 'Load balancers of the cluster', async (say) => {
      await untilItAnswers(options.kubeconfig, { host, limit: limits.kubeconfigReady, say });
      await removeBalancers({ client: cluster, wait: wait(say), limit: limits.cluster });
    });
    await run('pivot', 'Move to the bootstrap cluster', async (say) => {
      await noteWhatWasThere(deletion, client);
      await moveBack(deletion, { cluster, client, local, wait: wait(say) });
    });
    if (options.bootstrap.type === 'embedded') await local.start();
    await run('delete', 'Servers and objects', (say) =>
      deleteObjects({ client, id, wait: wait(say), limit: limits.cluster }),
    );
    await run('left-overs', 'What is left in the project', (say) =>
      confirmNothingLeft({ host, id, projectId }, wait(say), limits.cluster),
    );
    await local.stop();
    await run('cleanup', 'Clean up', (say) => cleanUp(deletion, { bootstrap, client, wait: wait(say) }));
  } finally {
    await local.stop();
  }
}

type Run = (name: string, title: string, work: (say: (text: string) => void) => Promise<void>) => Promise<void>;

function phaseRunner({ host, journal }: Deletion): Run {
  return async (name, title, work) => {
    if (journal.isDone(name, '')) return host.progress.skip(title, 'done before');
    await journal.begin(name, '');
    await host.progress.phase(title, work);
    await journal.finish(name, '');
  };
}

async function noteWhatWasThere({ journal, host }: Deletion, client: KubeClient): Promise<void> {
  const { bootstrap } = journal.content;
  if (!bootstrap || bootstrap.hadComponents !== undefined) return;
  const found = await Promise.all(
    PROVIDER_NAMESPACES.map((name) => client.get(namespaces, { name }, { signal: host.signal })),
  );
  await journal.setBootstrap({ ...bootstrap, hadComponents: found.some((namespace) => namespace !== undefined) });
}

interface MoveBack {
  readonly cluster: KubeClient;
  readonly client: KubeClient;
  readonly local: LocalManagers;
  readonly wait: WaitParts;
}

async function moveBack(
  { id, options, host, components, limits }: Deletion,
  { cluster, client, local, wait }: MoveBack,
): Promise<void> {
  const limit = limits.cluster;
  const sets = new StatefulSetManagers({ client, wait, limit });
  const managers: Managers = options.bootstrap.type === 'embedded' ? together(local) : sets;
  await moveCluster(id, {
    source: { client: cluster, managers: new StatefulSetManagers({ client: cluster, wait, limit }) },
    target: { client, managers },
    prepareTarget: () => applyIdle(components, { client, wait, limit }),
    newId: () => host.newId(),
    wait,
  });
}

async function cleanUp(
  { options, journal, components, limits }: Deletion,
  {
    bootstrap,
    client,
    wait,
  }: { readonly bootstrap: BootstrapCluster; readonly client: KubeClient; readonly wait: WaitParts },
): Promise<void> {
  if (options.bootstrap.type === 'existing') {
    const hadComponents = journal.content.bootstrap?.hadComponents ?? true;
    await retireComponents({ client, components, hadComponents }, { client, wait, limit: limits.cluster });
  } else if (options.isCleanedUp) await bootstrap.remove();
}
