// What a static pod manifest means on a machine without containers: which programs to start, with which command lines. Pure.
import { parse } from 'yaml';
import type { ApiObject } from './node-object.ts';

/** Paths of programs, by the name of their image (without registry and tag) and the minor of its tag; `*` fits all. */
export type ImagePrograms = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One program of a pod. */
export interface PodProgram {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A pod that can be started, or why it cannot. */
export type StaticPod =
  | {
      readonly name: string;
      readonly namespace: string;
      readonly programs: readonly PodProgram[];
      readonly pod: ApiObject;
    }
  | { readonly problem: string };

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

/** Reads a manifest. */
export function planStaticPod(manifest: string, images: ImagePrograms): StaticPod {
  const pod = parsePod(manifest);
  if ('problem' in pod) return pod;
  const { name = '', namespace = 'default' } = pod.metadata ?? {};
  const containers = (pod.spec?.['containers'] ?? []) as readonly Container[];
  const unknown = containers.find(({ image }) => programOf(image, images) === undefined);
  if (unknown !== undefined) return { problem: `image ${unknown.image} is not run on simulated machines` };
  const programs = containers.map((container) => toProgram(container, programOf(container.image, images) ?? ''));
  return { name, namespace, programs, pod };
}

function parsePod(manifest: string): ApiObject | { readonly problem: string } {
  try {
    const pod = parse(manifest) as ApiObject | null;
    const isPod = pod?.metadata?.name !== undefined && Array.isArray(pod.spec?.['containers']);
    return isPod ? pod : { problem: 'not a Pod' };
  } catch (error) {
    return { problem: `not YAML: ${error instanceof Error ? error.message : String(error)}` };
  }
}

// The first word names the program as its image has it; here it is somewhere else.
function toProgram({ name, command = [''], args = [], env = [] }: Container, path: string): PodProgram {
  return {
    name,
    command: [path, ...command.slice(1), ...args],
    env: Object.fromEntries(env.map((one) => [one.name, one.value ?? ''])),
  };
}

function programOf(image: string, images: ImagePrograms): string | undefined {
  const [, name = '', tag = ''] = /([^/:]+)(?::([^/:]*))?$/.exec(image.replace(/@.*$/, '')) ?? [];
  const minor = /^v?(\d+\.\d+)/.exec(tag)?.[1] ?? '';
  const byMinor = images[name];
  return byMinor?.[minor] ?? byMinor?.['*'];
}

/** The pod as the API shows it: a mirror, which nobody can change. */
export function mirrorPod(pod: ApiObject, node: { readonly name: string; readonly uid: string }, hash: string): object {
  const { metadata, spec } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${metadata?.name}-${node.name}`,
      annotations: {
        ...metadata?.annotations,
        'kubernetes.io/config.hash': hash,
        'kubernetes.io/config.mirror': hash,
        'kubernetes.io/config.source': 'file',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid, controller: true }],
    },
    spec: { ...spec, nodeName: node.name, tolerations: [{ effect: 'NoExecute', operator: 'Exists' }] },
  };
}
