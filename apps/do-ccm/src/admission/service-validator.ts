// Asks DigitalOcean whether it would take the balancer of a Service (`validate_only`: nothing changes). The answer comes before the API
// server gives up. Decisions are made in service-question.ts and api-verdict.ts.
import { OperatorError, onChange } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Certificates, LoadBalancer, LoadBalancers, LoadBalancerSpec } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { CertificateList } from '../load-balancer/certificate-list.ts';
import { desiredBalancer } from '../load-balancer/desired.ts';
import type { DesiredInput } from '../load-balancer/desired.ts';
import { differencesOf, updatedSpec } from '../load-balancer/differences.ts';
import { certificatesNamedIn } from '../load-balancer/global.ts';
import { foreignBalancer, identify } from '../load-balancer/ownership.ts';
import { immutableConflicts, reachOf, unsupportedType } from '../load-balancer/placement.ts';
import type { BalancerConfig } from '../load-balancer/placement.ts';
import { errorsAmong, serviceInvalid } from '../load-balancer/problems.ts';
import { verdictOfApi } from './api-verdict.ts';
import type { ApiOutcome } from './api-verdict.ts';
import type { ServiceReview, Verdict } from './review.ts';
import { NO_BACKENDS, openReview } from './service-question.ts';
import type { ServiceQuestion } from './service-question.ts';

/** What the validator asks with. */
export interface ServiceValidatorOptions {
  readonly loadBalancers: Pick<LoadBalancers, 'get' | 'validateOnly'>;
  readonly certificates: Pick<Certificates, 'list'>;
  readonly config: BalancerConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Judges Services. */
export class ServiceValidator {
  readonly #options: ServiceValidatorOptions;
  readonly #certificates: CertificateList;

  constructor(options: ServiceValidatorOptions) {
    this.#options = options;
    this.#certificates = new CertificateList(options);
  }

  /** The verdict, within this time; never rejects because of the API. */
  async judge(review: ServiceReview, limitMs: number, signal: AbortSignal): Promise<Verdict> {
    const opening = openReview(review, this.#options.config);
    if (opening.kind === 'verdict') return opening.verdict;
    const { question } = opening;
    const { verdict, complaint } = verdictOfApi(await this.#ask(question, limitMs, signal), question.warnings);
    if (complaint !== undefined) {
      this.#options.log.error('a Service could not be checked', { service: review.about, reason: complaint });
    }
    return verdict;
  }

  async #ask(question: ServiceQuestion, limitMs: number, signal: AbortSignal): Promise<ApiOutcome> {
    const limit = new AbortController();
    const cancel = this.#options.clock.after(limitMs, () => limit.abort(new Error('no time left')));
    const state = { isResize: false };
    try {
      await this.#validate(question, state, AbortSignal.any([signal, limit.signal]));
      return { kind: 'valid' };
    } catch (error) {
      return limit.signal.aborted ? { kind: 'late', afterMs: limitMs } : { kind: 'failed', error, ...state };
    } finally {
      cancel();
    }
  }

  /** Throws what hinders. */
  async #validate(question: ServiceQuestion, state: { isResize: boolean }, signal: AbortSignal): Promise<void> {
    const { loadBalancers, config } = this.#options;
    const { service, settings } = question;
    const found = await this.#find(question, signal);
    const certificates = await this.#findCertificates(settings, found, signal);
    const desired = desiredBalancer({ service, settings, config, backends: NO_BACKENDS, ...certificates, found });
    const errors = errorsAmong(desired.problems);
    if (errors.length > 0) throw serviceInvalid(errors);
    if (!found) return loadBalancers.validateOnly(withoutTargets(desired.value), undefined, signal);
    state.isResize = differencesOf(desired.value, found).some(({ field }) => field === 'size');
    await loadBalancers.validateOnly(withoutTargets(updatedSpec(desired.value, found)), found.id, signal);
  }

  async #findCertificates(
    settings: Settings,
    found: LoadBalancer | undefined,
    signal: AbortSignal,
  ): Promise<Pick<DesiredInput, 'certificateId' | 'certificateIds'>> {
    const hasOneForAll = reachOf(settings, this.#options.config, found).type === 'REGIONAL';
    const certificateId = hasOneForAll ? await this.#certificates.choose(settings, found, signal) : undefined;
    return { certificateId, certificateIds: await this.#certificates.find(certificatesNamedIn(settings), signal) };
  }

  /** The balancer that would change. One that was removed by hand is made again by the controller, so the Service is checked as a new one. */
  async #find(question: ServiceQuestion, signal: AbortSignal): Promise<LoadBalancer | undefined> {
    const { id, isIdNew } = question;
    if (id === undefined) return undefined;
    const found = await this.#options.loadBalancers.get(id, signal);
    if (!found && isIdNew) throw unknownBalancer(id);
    const problem = found && problemWith(found, question, this.#options.config);
    if (problem) throw problem;
    return found;
  }
}

/** What the controller would say about this balancer for this Service, as far as the change is the reason. */
function problemWith(
  found: LoadBalancer,
  { service, settings, oldSettings, isIdNew }: ServiceQuestion,
  config: BalancerConfig,
): OperatorError | undefined {
  if (isIdNew) {
    const view = { byId: () => found, byName: () => [] };
    const identity = identify({
      service,
      settings,
      view,
      services: [],
      clusterTag: config.clusterTag,
      isIdGone: false,
    });
    const unsupported = unsupportedType(found);
    if (unsupported) return unsupported;
    if (identity.kind === 'foreign') return foreignBalancer(service, identity);
  }
  // Region and VPC come from the environment: whoever changes a Service cannot help it.
  const { region = config.region, vpcId } = found;
  const place = { ...config, region, vpcId };
  const known = oldSettings && !isIdNew ? immutableConflicts(oldSettings, place, found) : [];
  const conflicts = immutableConflicts(settings, place, found).filter((conflict) => !known.includes(conflict));
  if (conflicts.length === 0) return undefined;
  return serviceInvalid(conflicts.map((message) => ({ field: 'metadata.annotations', message, severity: 'error' })));
}

function unknownBalancer(id: string): OperatorError {
  const message = `invalid load balancer definition: load balancer ${id} does not exist: correct or remove annotation ${ANNOTATIONS.loadBalancerId.key}`;
  return new OperatorError('LOAD_BALANCER_UNKNOWN', message, onChange);
}

// Which droplets there are has nothing to do with the Service.
function withoutTargets({ dropletIds: _ids, tag: _tag, ...spec }: LoadBalancerSpec): LoadBalancerSpec {
  return spec;
}
