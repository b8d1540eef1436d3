// What a user must know when a phase failed: what costs money now, that nothing was thrown away, and how to go on or to give up.
import { messageOf, OperatorError } from '@longshore/reconciler-core';
import type { FoundDevice } from '../host.ts';
import { failure } from '../problem.ts';
import type { CreateContext } from './create-context.ts';

const REPORT_TIMEOUT_MS = 15_000;

/** The error with the report; an abort (Ctrl-C) stays what it is. */
export async function failureReport(error: unknown, context: CreateContext): Promise<Error> {
  const { host } = context;
  const devices = host.signal.aborted ? undefined : await devicesNow(context);
  const code = error instanceof OperatorError ? error.code : 'CTL_PHASE_FAILED';
  if (host.signal.aborted) return failure('CTL_INTERRUPTED', 'interrupted: the same command goes on from here');
  const lines = reportLines(context, devices);
  return failure(code, [messageOf(error), ...lines].join('\n'), error);
}

function reportLines(
  { bootstrap, journal, id }: CreateContext,
  devices: readonly FoundDevice[] | undefined,
): readonly string[] {
  const { kubeconfig } = bootstrap ?? {};
  return [
    devicesLine(devices),
    ...(bootstrap ? [`${bootstrap.description} is kept: it holds the objects of these servers.`] : []),
    'To go on: the same command again.',
    ...(kubeconfig === undefined
      ? []
      : [
          `To give up: kubectl --kubeconfig ${kubeconfig} delete -n ${id.namespace} machinedeployments,machinesets,machines,clusters -l cluster.k8s.io/cluster-name=${id.name}; ` +
            `kubectl --kubeconfig ${kubeconfig} delete -n ${id.namespace} cluster.cluster.k8s.io ${id.name}` +
            (bootstrap?.removal === undefined ? '' : `; then ${bootstrap.removal}`),
        ]),
    `What was done is noted in ${journal.folder}.`,
  ];
}

function devicesLine(devices: readonly FoundDevice[] | undefined): string {
  if (devices === undefined) return 'Servers: the Packet API could not be asked.';
  if (devices.length === 0) return 'Servers: none exists.';
  const list = devices.map(({ hostname, id, state }) => `${hostname} (${id}, ${state})`).join(', ');
  return `Servers that exist, and cost: ${list}.`;
}

async function devicesNow({ host, id, files }: CreateContext): Promise<readonly FoundDevice[] | undefined> {
  try {
    const signal = AbortSignal.any([host.signal, AbortSignal.timeout(REPORT_TIMEOUT_MS)]);
    return await host.account()?.devicesOf(id, files.projectId, signal);
  } catch {
    return undefined;
  }
}
