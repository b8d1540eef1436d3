// The manifests of this program, and the pod that each of them runs.
import path from 'node:path';
import { ManifestFolder } from '@longshore/k8s-runtime/testing';
import { VERSION } from '../version.ts';

/** The folder of the program; users run kubectl there. */
export const manifests = new ManifestFolder(path.resolve(import.meta.dirname, '../..'));

/** The files that users apply. */
export const SECRET = 'v0.0.4/secret.yaml';
export const DEPLOYMENT = 'v0.0.4/deployment.yaml';
export const RELEASE = `releases/v${VERSION}.yaml`;

/** An environment variable of a container. */
export interface EnvVar {
  readonly name: string;
  readonly valueFrom: {
    readonly secretKeyRef: { readonly name: string; readonly key: string; readonly optional?: boolean };
  };
}

/** The parts of a pod that tests look at. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly [Container];
    readonly tolerations: readonly { readonly key: string; readonly effect?: string }[];
    readonly volumes: readonly { readonly name: string; readonly projected: object }[];
    readonly [field: string]: unknown;
  };
}

/** Its container. */
export interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [field: string]: unknown;
}

/** The pod template of the Deployment or DaemonSet of a file. */
export function podTemplateOf(file: string): PodTemplate {
  const found = manifests.objectsOf(file).find(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet');
  if (!found) throw new Error(`${file} runs nothing`);
  return (found['spec'] as { readonly template: PodTemplate }).template;
}
