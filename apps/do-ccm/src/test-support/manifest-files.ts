// The YAML that users apply, as objects. For the specs of the manifests.
import type { KubeService } from '@longshore/k8s-runtime';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

/** Folder of the program; users run kubectl there. */
export const appFolder = path.resolve(import.meta.dirname, '../..');

const { version } = JSON.parse(readFileSync(path.join(appFolder, 'package.json'), 'utf8')) as { version: string };
/** The manifest of this version. */
export const NEWEST_RELEASE = `releases/v${version}.yml`;

/** Any object of a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A rule of RBAC. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Files of a folder of the program, with the folder. */
export function filesIn(folder: string): readonly string[] {
  const names = readdirSync(path.join(appFolder, folder)).filter((name) => name.endsWith('.yml'));
  return names.sort().map((name) => `${folder}/${name}`);
}

/** The text of a file of the program. */
export function textOf(file: string): string {
  return readFileSync(path.join(appFolder, file), 'utf8');
}

/** The objects of a file; throws for what YAML 1.2 refuses or finds doubtful. */
export function readManifests(file: string): readonly Manifest[] {
  const documents = parseAllDocuments(textOf(file));
  return [...documents].map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    return document.toJS() as Manifest;
  });
}

/** The object of this kind; throws when the file has not exactly one. */
export function onlyOne(file: string, kind: string): Manifest {
  const [found, ...others] = readManifests(file).filter((manifest) => manifest.kind === kind);
  if (!found || others.length > 0) throw new Error(`${file} has not exactly one ${kind}`);
  return found;
}

/** The Service of an example, with the node ports that the API server would add. */
export function exampleService(file: string): KubeService {
  const service = onlyOne(file, 'Service') as unknown as KubeService;
  const ports = (service.spec?.ports ?? []).map((port, at) => ({ ...port, nodePort: 30_000 + at }));
  return { ...service, spec: { ...service.spec, ports } };
}
