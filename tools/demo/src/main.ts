// `npm run demo`: brings everything up with progress, shows what there is to see, and leaves nothing behind but the cache.
import { Listr } from 'listr2';
import { clusterTables } from './cluster.ts';
import { Demo } from './demo.ts';
import { HELP, parseDemoOptions } from './options.ts';
import type { DemoOptions } from './options.ts';
import { textTable } from './table.ts';

async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<void> {
  const demo = new Demo(options, signal);
  try {
    const tasks = demo.steps.map((step) => ({
      title: step.title,
      task: (_: unknown, task: { title: string; output: string }): Promise<void> => {
        signal.throwIfAborted();
        const startedAt = performance.now();
        let last = '';
        const progress = (message: string): void => {
          if (message !== last) task.output = message;
          last = message;
        };
        return step.run(progress).then(() => {
          task.title = `${step.title} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`;
        });
      },
      rendererOptions: { persistentOutput: true },
    }));
    await new Listr(tasks, { registerSignalListeners: false, fallbackRenderer: 'simple' }).run();
    await showWorld(demo);
    if (options.hold) await hold(demo, signal);
  } finally {
    await demo.stop();
  }
}

async function showWorld({ client, cloud }: Demo): Promise<void> {
  if (!client || !cloud) return;
  console.log(`\n${await clusterTables(client)}\n`);
  const calls = Object.entries(cloud.callsByRoute()).map(([route, count]) => [route, String(count)]);
  console.log(textTable(['CLOUD CALLS', 'COUNT'], calls));
  console.log(
    '\nLook at: every node is initialized, with provider ID, labels and addresses; the Service has an address; and the number',
  );
  console.log('of cloud calls does not depend on the number of nodes (try `npm run demo -- --nodes 100`).');
}

async function hold({ controlPlane, cloud, ccm }: Demo, signal: AbortSignal): Promise<void> {
  const kubeconfig = controlPlane?.kubeconfigPath;
  console.log(`
Everything stays up until Ctrl-C. In another terminal:

  export KUBECONFIG=${kubeconfig}
  kubectl get nodes -o wide
  kubectl get services,events
  kubectl annotate service web service.beta.kubernetes.io/do-loadbalancer-size-unit=2
  kubectl annotate service web service.beta.kubernetes.io/do-loadbalancer-type=small --overwrite   # refused, with an event that says why
  kubectl delete service web

  The simulated cloud: ${cloud?.url}/__world     do-ccm's log: ${ccm?.logFile}
`);
  await new Promise<void>((resolve) => {
    // Something must keep the event loop alive while the demo waits.
    const alive = setInterval(() => {}, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}

const stopping = new AbortController();
// One Ctrl-C reaches this process from the terminal and from npm: whatever comes within a second is the same one.
let stoppedAtMs: number | undefined;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    const now = performance.now();
    if (stoppedAtMs !== undefined && now - stoppedAtMs > 1000) process.exit(130);
    stoppedAtMs ??= now;
    if (stopping.signal.aborted) return;
    console.log('\nstopping …');
    stopping.abort(new Error('stopped by a signal'));
  });
}

try {
  const options = parseDemoOptions(process.argv.slice(2));
  if (options === 'help') console.log(HELP);
  else await runDemo(options, stopping.signal);
  process.exit(0);
} catch (error) {
  if (stopping.signal.aborted) process.exit(130);
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
