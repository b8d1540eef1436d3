// Keeps the Service for the control plane's outside address, its status and its endpoints as external-service.ts says: at each change of
// `default/kubernetes` or of the Service itself, and once a minute for the endpoints. Writes only what differs.
import { checkAgain, Controller, exponentialBackoff, messageOf, OperatorError } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics, Outcome, Source } from '@longshore/reconciler-core';
import type { ClusterView, OtherPlan } from '@longshore/cloud-provider';
import { keyOf, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeObject, KubeService, ResourceType } from '@longshore/k8s-runtime';
import { CONTROL_PLANE_SERVICE, isControlPlaneService } from './control-plane-service.ts';
import { apiServerPorts } from './eip-facts.ts';
import {
  describeExternalStep,
  endpointSlices,
  FIELD_MANAGER,
  isOfGoProgram,
  oldEndpoints,
  planExternal,
  SERVICE_NAME_LABEL,
  sourcesAmong,
} from './external-service.ts';
import type { ExternalFound, ExternalStep, OldEndpoints, OutsideWay } from './external-service.ts';

/** What the Service is kept with. */
export interface ExternalServiceOptions {
  /** Rejects while it is not known. */
  readonly way: (signal: AbortSignal) => Promise<OutsideWay>;
  readonly client: Pick<KubeClient, 'list' | 'get' | 'patch' | 'create' | 'remove'>;
  readonly apiServerPort: number;
  readonly isKubeVip: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
}

/** Name of the loop, in the log and in plans. */
export const EXTERNAL_SERVICE = 'control-plane-service';
const EVERY_MS = 60_000;
const RETRY = { baseMs: 1_000, capMs: 60_000 };
const KEY = 'external-service';
const WHY = 'the control plane is reached at that address';

/** The Service of the control plane's outside address. */
export class ExternalService {
  readonly #options: ExternalServiceOptions;
  // Nobody makes them any more: once they are seen to be gone they are not asked for again.
  #mayHaveOldEndpoints = true;

  constructor(options: ExternalServiceOptions) {
    this.#options = options;
  }

  /** The loop; `look` reads the cluster at the time of each round. */
  loop(look: () => ClusterView, serviceChanges: Source<KubeService> | undefined): Controller<string> {
    const { clock, log, metrics } = this.#options;
    const reconcile = async (_key: string, { signal }: { readonly signal: AbortSignal }): Promise<Outcome> => {
      for (const step of await this.#plan(look(), signal)) {
        await this.#apply(step, signal);
        log.info('step applied', { service: keyOf({ metadata: CONTROL_PLANE_SERVICE }), step: step.kind });
      }
      return checkAgain(EVERY_MS, 'the next look at the endpoints of the API server');
    };
    const limiter = exponentialBackoff<string>(RETRY);
    const controller = new Controller({ name: EXTERNAL_SERVICE, reconcile, workers: 1, clock, log, metrics, limiter });
    if (serviceChanges) {
      controller.watch(serviceChanges, ({ object }) =>
        isKubernetes(object) || isControlPlaneService(object) ? [KEY] : [],
      );
    }
    controller.enqueue(KEY);
    return controller;
  }

  /** What the loop would do now, unapplied. */
  async plan(cluster: ClusterView, signal: AbortSignal): Promise<OtherPlan> {
    const about = {
      subject: { kind: 'Service', name: keyOf({ metadata: CONTROL_PLANE_SERVICE }) },
      controller: EXTERNAL_SERVICE,
    };
    try {
      const steps = await this.#plan(cluster, signal);
      const planned = steps.map((step) => ({
        kind: step.kind,
        summary: describeExternalStep(step),
        detail: step,
        why: WHY,
      }));
      return { ...about, steps: planned };
    } catch (error) {
      signal.throwIfAborted();
      return { ...about, steps: [], unknown: [messageOf(error)] };
    }
  }

  async #plan(cluster: ClusterView, signal: AbortSignal): Promise<readonly ExternalStep[]> {
    const { way, apiServerPort, isKubeVip } = this.#options;
    const ports = apiServerPorts(cluster.services.find(isKubernetes), apiServerPort);
    if (ports === undefined) throw portUnknown();
    return planExternal({ way: await way(signal), ports, isKubeVip }, await this.#observe(signal));
  }

  async #observe(signal: AbortSignal): Promise<ExternalFound> {
    const { client } = this.#options;
    const slicesOf = (name: string, namespace: string): ReturnType<typeof client.list<SliceOf>> =>
      client.list(endpointSlices, { namespace, labelSelector: `${SERVICE_NAME_LABEL}=${name}`, signal });
    const { namespace, name } = CONTROL_PLANE_SERVICE;
    const [service, sources, slices, endpoints] = await Promise.all([
      // Not from the cache: our own last write may not be in it yet.
      client.get(services, CONTROL_PLANE_SERVICE, { signal }),
      slicesOf('kubernetes', 'default'),
      slicesOf(name, namespace),
      this.#observeOldEndpoints(signal),
    ]);
    return { service, sources: sourcesAmong(sources.items), slices: slices.items, endpoints };
  }

  async #observeOldEndpoints(signal: AbortSignal): Promise<OldEndpoints | undefined> {
    if (!this.#mayHaveOldEndpoints) return undefined;
    const { client, log } = this.#options;
    try {
      const found = await client.get(oldEndpoints, CONTROL_PLANE_SERVICE, { signal });
      this.#mayHaveOldEndpoints = found !== undefined && isOfGoProgram(found);
      return found;
    } catch (error) {
      signal.throwIfAborted();
      // Without the right to read them the rest is done all the same.
      log.verbose(2, 'the Endpoints of the Go program could not be looked for', { reason: messageOf(error) });
      return undefined;
    }
  }

  async #apply(step: ExternalStep, signal: AbortSignal): Promise<void> {
    switch (step.kind) {
      case 'apply-service':
        return this.#write(services, step.body, signal);
      case 'apply-slice':
        return this.#write(endpointSlices, step.body, signal);
      case 'apply-status': {
        const patch = { kind: 'apply', body: step.body, fieldManager: FIELD_MANAGER, force: true } as const;
        await this.#options.client.patch(services, CONTROL_PLANE_SERVICE, patch, { subresource: 'status', signal });
        return;
      }
      case 'delete-slice': {
        const { namespace } = CONTROL_PLANE_SERVICE;
        await this.#options.client.remove(endpointSlices, { namespace, name: step.name }, { signal });
        return;
      }
      case 'delete-old-endpoints': {
        const preconditions = { uid: step.uid };
        await this.#options.client.remove(oldEndpoints, CONTROL_PLANE_SERVICE, { preconditions, signal });
      }
    }
  }

  async #write<T extends KubeObject>(type: ResourceType<T>, body: T, signal: AbortSignal): Promise<void> {
    const { name = '', namespace = '' } = body.metadata ?? {};
    const patch = { kind: 'apply', body, fieldManager: FIELD_MANAGER, force: true } as const;
    const written = await this.#options.client.patch(type, { name, namespace }, patch, { signal });
    // A server makes what is applied; a dry run and servers without server-side apply say that there is nothing to patch.
    if (written === undefined) await this.#options.client.create(type, body, { fieldManager: FIELD_MANAGER, signal });
  }
}

type SliceOf = NonNullable<(typeof endpointSlices)['example']>;

function isKubernetes({ metadata }: KubeService): boolean {
  return metadata?.namespace === 'default' && metadata.name === 'kubernetes';
}

function portUnknown(): OperatorError {
  const message = 'the port of the API server is not known yet: Service default/kubernetes has not been read';
  return new OperatorError('CONTROL_PLANE_PORT_UNKNOWN', message, { retry: 'after', ms: 1_000 });
}
