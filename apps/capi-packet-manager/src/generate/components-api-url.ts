// Puts PACKET_API_URL into provider components that were made without it (`make manifests`), for clusterctl, whose environment has it. What
// somebody wrote into the file stays. Pure.
import { GENERIC_PART, PACKET_PART } from './component-names.ts';

interface Env {
  readonly name: string;
  readonly value?: string;
}
interface Container {
  readonly env?: readonly Env[];
}
interface Loose {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
}
interface StatefulSet extends Loose {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

const NAME = 'PACKET_API_URL';
const OURS: readonly (string | undefined)[] = [GENERIC_PART.statefulSet, PACKET_PART.statefulSet];

/** The objects, with the address in both StatefulSets; the very same objects when there is no address. */
export function withApiUrl<T extends Loose>(objects: readonly T[], apiUrl: string | undefined): readonly T[] {
  if (apiUrl === undefined || apiUrl === '') return objects;
  return objects.map((object) => (isOurs(object) ? (filled(object, apiUrl) as T & StatefulSet) : object));
}

function isOurs<T extends Loose>(object: T): object is T & StatefulSet {
  return object.kind === 'StatefulSet' && OURS.includes(object.metadata?.name);
}

function filled(object: StatefulSet, value: string): StatefulSet {
  const { template } = object.spec;
  const containers = template.spec.containers.map((container) => {
    const { env = [] } = container;
    return env.some(({ name }) => name === NAME) ? container : { ...container, env: [...env, { name: NAME, value }] };
  });
  return { ...object, spec: { ...object.spec, template: { ...template, spec: { ...template.spec, containers } } } };
}
