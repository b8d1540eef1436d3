// A bootstrap cluster without Docker: the project's own etcd and kube-apiserver, as a process that outlives clusterctl, so that a run that
// was interrupted finds its objects again. No kubelet runs there: local-managers.ts runs the manager beside it.
import { done, notYet, waitUntil } from '../wait/wait-until.ts';
import type { BootstrapCluster, BootstrapParts } from './bootstrap-cluster.ts';
import { doesAnswer, untilItAnswers } from './existing-cluster.ts';

/** Starts it, or takes up the one that an earlier run of this command started. */
export async function embeddedCluster(parts: BootstrapParts): Promise<BootstrapCluster> {
  const { host, journal } = parts;
  const kubeconfig = journal.file('bootstrap.kubeconfig');
  const isOurs = journal.content.bootstrap?.type === 'embedded';
  if (!(isOurs && (await doesAnswer(host, kubeconfig)))) await startIt(kubeconfig, parts);
  return {
    kubeconfig,
    description: `the embedded control plane (kubeconfig ${kubeconfig})`,
    removal: `kill ${journal.content.bootstrap?.pid ?? ''}`,
    remove: async () => {
      const pid = journal.content.bootstrap?.pid;
      if (pid !== undefined) await host.endProcess(pid, kubeconfig);
    },
  };
}

async function startIt(kubeconfig: string, parts: BootstrapParts): Promise<void> {
  const { host, journal, limit, say } = parts;
  const { command, args } = await host.controlPlaneProgram();
  say('starting a control plane on this machine');
  const { pid } = await host.start({
    command,
    args: [...args, '--controllers', '--force', '--kubeconfig', kubeconfig],
    logFile: journal.file('control-plane.log'),
    isDetached: true,
  });
  await journal.setBootstrap({ type: 'embedded', kubeconfig, pid });
  const look = async (): Promise<ReturnType<typeof done<true>> | ReturnType<typeof notYet>> =>
    (await host.exists(kubeconfig)) ? done(true as const) : notYet(`see ${journal.file('control-plane.log')}`);
  const { clock, signal } = host;
  await waitUntil({ what: 'the control plane to write its kubeconfig', look, ...limit }, { clock, signal, say });
  await untilItAnswers(kubeconfig, parts);
}
