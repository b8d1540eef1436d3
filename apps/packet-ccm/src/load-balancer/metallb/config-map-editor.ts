// The text of MetalLB's ConfigMap, read, edited and written with the version that was read; when somebody else was quicker, all of it once
// more. Reading and writing a long text take a while (a second for 50 nodes and 30 Services), so all who wait for their turn share one
// of each, and the parsed text is kept. What is to change is decided by the plans of the announcer.
import { backoff, KeyedLock, OperatorError } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { configMaps, isConflict } from '@longshore/k8s-runtime';
import type { KubeClient, KubeConfigMap } from '@longshore/k8s-runtime';
import type { Document } from 'yaml';
import type { ConfigSettings, ConfigSteps } from './config-map-text.ts';
import { RecentReading } from './recent-reading.ts';

/** Where the text is. */
export interface ConfigMapEditorOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly namespace: string;
  readonly name: string;
  /** With it the Services of a moment share what is read. */
  readonly clock?: Clock | undefined;
}

/** Says what is to change, from what stands in the text. */
export type EditPlan = (settings: ConfigSettings) => ConfigSteps;

/** What became of an edit: its steps, or `missing` where there is no ConfigMap. */
export type EditResult = ConfigSteps | 'missing';

/** The text as it was read, or as it was written last. */
interface Parsed {
  readonly text: string;
  readonly document: Document;
  readonly settings: ConfigSettings;
}

interface Reading {
  readonly object: KubeConfigMap;
  readonly parsed: Parsed;
}

interface Edit {
  readonly plan: EditPlan;
  /** An old reading will not do. */
  readonly isFresh: boolean;
  /** Something went wrong when it was done with others. */
  isAlone: boolean;
  result?: EditResult;
}

const KEY = 'config';
const MOST_ATTEMPTS = 10;
/** What an API server takes as the values of a ConfigMap. */
const MOST_BYTES = 1_048_576;

/** Edits one text. */
export class ConfigMapEditor {
  readonly #options: ConfigMapEditorOptions;
  // Services of this process take turns; the version guards against everybody else.
  readonly #lock = new KeyedLock<'text'>();
  readonly #waiting = new Set<Edit>();
  readonly #recent: RecentReading<Reading | undefined>;
  #last: Parsed | undefined;

  constructor(options: ConfigMapEditorOptions) {
    this.#options = options;
    this.#recent = new RecentReading(options.clock);
  }

  /** What stands there; `undefined` without the ConfigMap. */
  async settings(signal: AbortSignal): Promise<ConfigSettings | undefined> {
    return (await this.#read(signal))?.parsed.settings;
  }

  /** Changes what the plan says. `isFresh`: what is there now counts, and not a moment ago. */
  async edit(plan: EditPlan, isFresh: boolean, signal: AbortSignal): Promise<EditResult> {
    const edit: Edit = { plan, isFresh, isAlone: false };
    this.#waiting.add(edit);
    try {
      return await this.#lock.run('text', () => this.#do(edit, signal), signal);
    } finally {
      this.#waiting.delete(edit);
    }
  }

  async #do(edit: Edit, signal: AbortSignal): Promise<EditResult> {
    if (edit.result) return edit.result;
    const batch = edit.isAlone ? [edit] : [...this.#waiting].filter(({ isAlone, result }) => !isAlone && !result);
    try {
      const results = await this.#doAll(batch, signal);
      for (const [index, one] of batch.entries()) one.result = results[index] ?? 'missing';
    } catch (error) {
      // Only who has the turn is told. What went wrong may be another's: a text that got too long, a call that was given up.
      for (const one of batch) one.isAlone = true;
      if (batch.length === 1) throw error;
      return this.#do(edit, signal);
    }
    return edit.result ?? 'missing';
  }

  async #doAll(batch: readonly Edit[], signal: AbortSignal): Promise<readonly EditResult[]> {
    if (batch.some(({ isFresh }) => isFresh)) this.#recent.forget();
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.#recent.get(() => this.#read(signal));
      if (found === undefined) {
        this.#recent.forget();
        return batch.map(() => 'missing');
      }
      try {
        return await this.#change(found, batch, signal);
      } catch (error) {
        if (!isConflict(error) || attempt >= MOST_ATTEMPTS) throw error;
      }
    }
  }

  async #change(
    { object, parsed }: Reading,
    batch: readonly Edit[],
    signal: AbortSignal,
  ): Promise<readonly EditResult[]> {
    const { editConfig, settingsOf, textOfConfig } = await import('./config-map-text.ts');
    const { document } = parsed;
    let { settings } = parsed;
    const results: ConfigSteps[] = [];
    for (const { plan } of batch) {
      const steps = plan(settings);
      results.push(steps);
      if (isNothing(steps)) continue;
      // From here on the document is ahead of what is there, until it is written.
      this.#last = undefined;
      this.#recent.forget();
      editConfig(document, settings, steps);
      settings = settingsOf(document);
    }
    if (results.every(isNothing)) return results;
    const text = textOfConfig(document);
    if (!(await this.#write(object, text, signal))) return batch.map(() => 'missing');
    this.#last = { text, document, settings };
    return results;
  }

  async #read(signal: AbortSignal): Promise<Reading | undefined> {
    const { client, namespace, name } = this.#options;
    const object = await client.get(configMaps, { namespace, name }, { signal });
    if (object === undefined) return undefined;
    const text = object.data?.[KEY] ?? '';
    if (this.#last?.text !== text) {
      const { parseConfigText, settingsOf } = await import('./config-map-text.ts');
      const document = parseConfigText(text, this.#where());
      this.#last = { text, document, settings: settingsOf(document) };
    }
    return { object, parsed: this.#last };
  }

  async #write(found: KubeConfigMap, text: string, signal: AbortSignal): Promise<boolean> {
    if (Buffer.byteLength(text) > MOST_BYTES) throw this.#tooLarge(Buffer.byteLength(text));
    const { client, namespace, name } = this.#options;
    const body = { metadata: { resourceVersion: found.metadata?.resourceVersion }, data: { [KEY]: text } };
    const patch = { kind: 'merge', body } as const;
    return (await client.patch(configMaps, { namespace, name }, patch, { discardAnswer: true, signal })) !== undefined;
  }

  #where(): string {
    const { namespace, name } = this.#options;
    return `"${KEY}" of config map ${namespace}/${name}`;
  }

  #tooLarge(bytes: number): OperatorError {
    const message =
      `${this.#where()} would get ${bytes} bytes long, and a config map holds ${MOST_BYTES}: each peer names each Service, so it grows ` +
      `with nodes times Services; use METAL_LOAD_BALANCER=metallb:///<namespace>?crdConfiguration=true with MetalLB 0.13 or newer`;
    return new OperatorError('METALLB_CONFIG_TOO_LARGE', message, backoff);
  }
}

function isNothing({ peers, pools }: ConfigSteps): boolean {
  return peers.length === 0 && pools.length === 0;
}
