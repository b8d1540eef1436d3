// Reads the cluster for the commands: complete lists, page by page, and single objects. Reads only.
import type { CallOptions, KubeClient, KubeObject, ResourceType, Selection } from '@longshore/k8s-runtime';

const PAGE = 500;

/** All objects of a kind, or of the selection. */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  options: Selection & CallOptions,
): Promise<readonly T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const page = await client.list(type, {
      ...options,
      limit: PAGE,
      ...(next === undefined ? {} : { continue: next }),
    });
    items.push(...page.items);
    next = page.continue;
  } while (next !== undefined && next !== '');
  return items;
}
