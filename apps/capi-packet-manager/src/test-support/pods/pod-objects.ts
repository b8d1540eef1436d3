// Pods as the pod host reads them: the fields that it acts on, and no more.
import { resourceType } from '@longshore/k8s-runtime';
import type { KubeObject } from '@longshore/k8s-runtime';

/** A pod. */
export interface Pod extends KubeObject {
  readonly metadata?: KubeObject['metadata'] & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    readonly terminationGracePeriodSeconds?: number;
    readonly volumes?: readonly Volume[];
    readonly containers?: readonly Container[];
  };
  readonly status?: { readonly phase?: string };
}

/** A container. */
export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { readonly secretRef?: NamedSource; readonly configMapRef?: NamedSource }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}

/** A variable. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: NamedSource & { readonly key: string };
    readonly configMapKeyRef?: NamedSource & { readonly key: string };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

interface NamedSource {
  readonly name: string;
  readonly optional?: boolean;
}

interface Items {
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly optional?: boolean;
}

/** A volume of one of the kinds that are made; others are refused by name. */
export interface Volume {
  readonly name: string;
  readonly secret?: Items & { readonly secretName: string };
  readonly configMap?: Items & { readonly name: string };
  readonly emptyDir?: object;
  readonly projected?: { readonly sources?: readonly ProjectedSource[] };
}

/** A part of a projected volume. */
export interface ProjectedSource {
  readonly serviceAccountToken?: { readonly path: string; readonly expirationSeconds?: number };
  readonly configMap?: Items & { readonly name: string };
  readonly secret?: Items & { readonly name: string };
  readonly downwardAPI?: {
    readonly items?: readonly { readonly path: string; readonly fieldRef?: { readonly fieldPath: string } }[];
  };
}

/** pods */
export const pods = resourceType<Pod>({ group: '', version: 'v1', kind: 'Pod', plural: 'pods', isNamespaced: true });

/** secrets, with their values in base64 */
export const secrets = resourceType<KubeObject & { readonly data?: Readonly<Record<string, string>> }>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  isNamespaced: true,
});
