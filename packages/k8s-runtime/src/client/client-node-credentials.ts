// Credentials that need @kubernetes/client-node: exec plugins, auth providers, OIDC. The only file that imports values of it; kube-config.ts
// loads this file on demand. Differences from client-node's own use: renewed before expiry and once for all callers, KUBERNETES_EXEC_INFO is
// set, a 401 leads to a new credential.
import { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import { backoff, messageOf, OperatorError, SingleFlight } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Credentials, Identity, TlsMaterial } from './credentials.ts';
import type { KubeConfigContext, KubeConfigDocument } from './kube-config-document.ts';
import { expiryOf, isDueForRenewal, withExecInfo } from './plugin-credential-plan.ts';

/** What is needed to ask a plugin. */
export interface ClientNodeCredentialsOptions {
  readonly documents: readonly KubeConfigDocument[];
  readonly context: KubeConfigContext;
  /** CA, server name and impersonation, which no plugin changes. */
  readonly base: Credentials;
  readonly clock: Clock;
  readonly log: Logger;
}

interface PluginAnswer {
  readonly authorization: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly obtainedAtMs: number;
  readonly expiresAtMs: number | undefined;
}

/** Identity from an exec plugin or auth provider. */
export class ClientNodeCredentials implements Credentials {
  readonly #options: ClientNodeCredentialsOptions;
  readonly #flight = new SingleFlight<'ask', boolean>();
  #answer: PluginAnswer | undefined;
  #identity: Identity | undefined;
  #base: Identity | undefined;

  private constructor(options: ClientNodeCredentialsOptions) {
    this.#options = options;
  }

  /** Asks the plugin once; rejects when it fails. */
  static async load(options: ClientNodeCredentialsOptions): Promise<ClientNodeCredentials> {
    const credentials = new ClientNodeCredentials(options);
    await credentials.renew();
    return credentials;
  }

  current(): Identity | Promise<Identity> {
    const base = this.#options.base.current();
    if (base instanceof Promise) return base.then((identity) => this.#currentOver(identity));
    return this.#currentOver(base);
  }

  renew(): Promise<boolean> {
    return this.#flight.run('ask', () => this.#ask());
  }

  #currentOver(base: Identity): Identity | Promise<Identity> {
    const nowMs = this.#options.clock.nowMs();
    const answer = this.#answer;
    if (!answer || (answer.expiresAtMs !== undefined && answer.expiresAtMs <= nowMs)) {
      return this.renew().then(() => this.#combine(base));
    }
    if (isDueForRenewal(answer, nowMs)) {
      this.renew().catch((error: unknown) =>
        this.#options.log.warn('credential plugin failed, using what is left', { error }),
      );
    }
    return this.#combine(base);
  }

  #combine(base: Identity): Identity {
    if (this.#identity && this.#base === base) return this.#identity;
    const { authorization, cert, key } = this.#answer ?? {};
    const tls: TlsMaterial = cert === undefined && key === undefined ? base.tls : { ...base.tls, cert, key };
    this.#base = base;
    this.#identity = { headers: { ...(authorization ? { authorization } : {}), ...base.headers }, tls };
    return this.#identity;
  }

  async #ask(): Promise<boolean> {
    const { clock, context } = this.#options;
    const obtainedAtMs = clock.nowMs();
    try {
      const answer = { ...(await askPlugin(this.#options)), obtainedAtMs };
      const before = this.#answer;
      this.#answer = answer;
      const isNew = !before || before.authorization !== answer.authorization || before.cert !== answer.cert;
      if (isNew) this.#identity = undefined;
      return isNew;
    } catch (error) {
      const place = `kubeconfig ${context.file}: users[name=${context.userName}]`;
      const message = `${place}: the credential plugin failed: ${messageOf(error)}; try \`kubectl get --raw /version\` with this file`;
      throw new OperatorError('KUBE_CREDENTIALS_FAILED', message, backoff, { cause: error });
    }
  }
}

// A new KubeConfig for each question, because its exec authenticator keeps an answer until it has expired.
async function askPlugin({
  documents,
  context,
}: ClientNodeCredentialsOptions): Promise<Omit<PluginAnswer, 'obtainedAtMs'>> {
  const config = new KubeConfig();
  config.loadFromString(JSON.stringify(withExecInfo(documents, context)));
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const header = (options.headers as Readonly<Record<string, unknown>> | undefined)?.['Authorization'];
  const authorization = typeof header === 'string' ? header : undefined;
  return {
    authorization,
    cert: textOf(options.cert),
    key: textOf(options.key),
    expiresAtMs: expiryOf(config, authorization),
  };
}

function textOf(pem: unknown): string | undefined {
  if (pem === undefined || pem === null) return undefined;
  return Buffer.isBuffer(pem) ? pem.toString('utf8') : typeof pem === 'string' ? pem : undefined;
}
