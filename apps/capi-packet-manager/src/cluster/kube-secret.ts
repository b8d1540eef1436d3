// Secrets of the API server as we read and write them: texts, not base64. Pure.
import { resourceType } from '@longshore/k8s-runtime';
import type { KubeObject } from '@longshore/k8s-runtime';
import type { ObjectMeta } from '../api/objects.ts';

/** v1 Secret. */
export interface KubeSecret extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly type?: string;
  /** base64 */
  readonly data?: Readonly<Record<string, string>>;
}

/** secrets */
export const secrets = resourceType<KubeSecret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  isNamespaced: true,
});

/** The text of a key; `undefined` when it is absent or empty. */
export function textIn(secret: KubeSecret | undefined, key: string): string | undefined {
  const text = Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  return text === '' ? undefined : text;
}

/** Texts to `data`. */
export function dataOf(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')]),
  );
}
