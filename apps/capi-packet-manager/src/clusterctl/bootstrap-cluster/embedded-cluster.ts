// A bootstrap cluster without Docker: the project's own etcd and kube-apiserver, as a process that outlives clusterctl, so that a run that
// was interrupted finds its objects again. No kubelet runs there: local-managers.ts runs the manager beside it. What it stores ends with
// it: one that is gone with objects of a cluster in it is never replaced by an empty one.
import type { Child } from '../host.ts';
import { failure } from '../problem.ts';
import { done, notYet, waitUntil } from '../wait/wait-until.ts';
import type { BootstrapCluster, BootstrapParts } from './bootstrap-cluster.ts';
import { doesAnswer, untilItAnswers } from './existing-cluster.ts';

const LOG = 'control-plane.log';
const LAST_LINES = 5;

/** Starts it, or takes up the one that an earlier run of this command started. */
export async function embeddedCluster(parts: BootstrapParts): Promise<BootstrapCluster> {
  const { host, journal } = parts;
  const kubeconfig = journal.file('bootstrap.kubeconfig');
  const isOurs = journal.content.bootstrap?.type === 'embedded';
  if (!(isOurs && (await doesAnswer(host, kubeconfig)))) {
    refuseLoss(parts, kubeconfig);
    await endLeftOver(parts, kubeconfig);
    await startIt(kubeconfig, parts);
  }
  return {
    kubeconfig,
    description: `the embedded control plane (kubeconfig ${kubeconfig})`,
    removal: `kill ${journal.content.bootstrap?.pid ?? ''}`,
    remove: () => endLeftOver(parts, kubeconfig),
  };
}

function refuseLoss({ journal }: BootstrapParts, kubeconfig: string): void {
  const { phases, bootstrap } = journal.content;
  const hasObjects = phases['cluster'] !== undefined || phases['pivot'] !== undefined;
  // Of `delete cluster`: nothing of the cluster is left.
  const isOver = phases['delete']?.state === 'done';
  if (bootstrap?.type !== 'embedded' || !hasObjects || isOver) return;
  const why = `the embedded control plane (process ${bootstrap.pid ?? ''}, ${kubeconfig}) does not answer any more`;
  const remedy = `if it has ended, delete the servers of the cluster in the Packet project, then ${journal.folder}, and begin again`;
  throw failure('CTL_BOOTSTRAP_FAILED', `${why}, and the objects of the cluster were in it: ${remedy}`);
}

// Of a run that was ended while it started, or of one that is done.
async function endLeftOver({ host, journal }: BootstrapParts, kubeconfig: string): Promise<void> {
  const pid = journal.content.bootstrap?.pid;
  if (pid !== undefined) await host.endProcess(pid, kubeconfig);
}

async function startIt(kubeconfig: string, parts: BootstrapParts): Promise<void> {
  const { host, journal, limit, say } = parts;
  const { command, args } = await host.controlPlaneProgram();
  say('starting a control plane on this machine');
  // What an earlier one wrote would be taken for its word.
  await host.writeSecretFile(kubeconfig, '');
  const child = await host.start({
    command,
    args: [...args, '--controllers', '--force', '--kubeconfig', kubeconfig],
    logFile: journal.file(LOG),
    isDetached: true,
  });
  await journal.setBootstrap({ type: 'embedded', kubeconfig, pid: child.pid });
  const look = async (): Promise<ReturnType<typeof done<true>> | ReturnType<typeof notYet>> => {
    if ((await host.readText(kubeconfig)) !== '') return done(true as const);
    if (!child.isRunning()) throw await whyItEnded(child, parts);
    return notYet(`see ${journal.file(LOG)}`);
  };
  const { clock, signal } = host;
  await waitUntil({ what: 'the control plane to write its kubeconfig', look, ...limit }, { clock, signal, say });
  await untilItAnswers(kubeconfig, parts);
}

// Most often there are no binaries of Kubernetes; its own message says where they may come from.
async function whyItEnded({ pid }: Child, { host, journal }: BootstrapParts): Promise<Error> {
  const log = (await host.readText(journal.file(LOG))).trim().split('\n').slice(-LAST_LINES).join('; ');
  return failure('CTL_BOOTSTRAP_FAILED', `the embedded control plane (process ${pid}) could not start: ${log}`);
}
