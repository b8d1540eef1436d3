// The Packet API key of the moment. The environment has the first one; the credentials Secret may be changed while we run, and what it
// says then counts, so that a rotated or corrected key needs no restart. In a pod the Secret is what the environment was made from and
// counts at once; at a desk the environment was chosen on purpose and counts until the Secret changes.
import type { Clock, Logger } from '@longshore/reconciler-core';
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';
import type { KubeClient } from '@longshore/k8s-runtime';
import { PACKET_SETTINGS, readSetting } from '@longshore/packet-api';
import type { SecretRedactor } from '@longshore/k8s-runtime/process';
import { CREDENTIALS_SECRET, PACKET_NAMESPACE } from '../api/names.ts';
import { secrets, textIn } from '../cluster/kube-secret.ts';

/** What it needs. */
export interface ApiKeyOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly secrets: SecretRedactor;
}

/** How long an answer of the API server is good for: a changed key is in use after so long. */
const SECRET_LASTS_MS = 10_000;
const CALL_TIMEOUT_MS = 5_000;

/** The key in the environment; throws when there is none, because nothing can be done without it. */
export function requireApiKey(env: ApiKeyOptions['env']): string {
  const found = readSetting(PACKET_SETTINGS.apiKey, { env });
  if (found !== undefined) return found.text;
  const message =
    'PACKET_API_KEY is not set (METAL_API_KEY and PACKET_AUTH_TOKEN would do): give the API key of the Packet project';
  throw new OperatorError('PACKET_API_KEY_MISSING', message, never);
}

/** A text that may be a key: templates hold placeholders such as `$PACKET_API_KEY` or `<api key>`. */
export function isKeyLike(text: string | undefined): text is string {
  return text !== undefined && /^[\x21-\x7e]+$/.test(text) && !/^[$<{]|REPLACE|PLACEHOLDER|CHANGE_?ME/i.test(text);
}

/** Hands out the key for every call. */
export class ApiKey {
  readonly #options: ApiKeyOptions;
  readonly #ofEnv: string;
  #ofSecret: { readonly text: string | undefined; readonly atMs: number } | undefined;
  #reading: Promise<void> | undefined;
  /** What the Secret held at the first look; `null`: not looked yet. */
  #first: string | undefined | null = null;

  constructor(options: ApiKeyOptions) {
    this.#options = options;
    this.#ofEnv = requireApiKey(options.env);
    options.secrets.add(this.#ofEnv);
  }

  /** The key of the moment. Never rejects: when the Secret cannot be read, the key known last is used. */
  async current(): Promise<string> {
    const { clock } = this.#options;
    if (this.#ofSecret === undefined || clock.monotonicMs() - this.#ofSecret.atMs >= SECRET_LASTS_MS) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
    return this.#choose();
  }

  #choose(): string {
    const text = this.#ofSecret?.text;
    if (text === undefined) return this.#ofEnv;
    const isPod = (this.#options.env['KUBERNETES_SERVICE_HOST'] ?? '') !== '';
    return isPod || text !== this.#first || !isKeyLike(this.#ofEnv) ? text : this.#ofEnv;
  }

  async #read(): Promise<void> {
    const { client, clock, log } = this.#options;
    let text = this.#ofSecret?.text;
    try {
      const key = { namespace: PACKET_NAMESPACE, name: CREDENTIALS_SECRET };
      const secret = await client.get(secrets, key, { timeoutMs: CALL_TIMEOUT_MS });
      const found = textIn(secret, 'apiKey')?.trim();
      text = isKeyLike(found) ? found : undefined;
      if (this.#first === null) this.#first = text;
    } catch (error) {
      log.verbose(2, 'the credentials Secret cannot be read', { reason: messageOf(error) });
    }
    if (text !== undefined && text !== this.#ofSecret?.text) this.#options.secrets.add(text);
    this.#ofSecret = { text, atMs: clock.monotonicMs() };
  }
}
