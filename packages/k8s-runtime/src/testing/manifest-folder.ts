// The YAML that users of a program apply, as objects, for the specs of manifests. Strict: what YAML 1.2 finds doubtful is an error, because
// other tools may read it differently.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

/** Any object of a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A rule of RBAC. */
export interface ManifestRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The folder of a program, with manifests below it. */
export class ManifestFolder {
  readonly path: string;

  constructor(folder: string) {
    this.path = folder;
  }

  /** YAML files of a folder below, in order, with the folder. */
  filesIn(folder: string): readonly string[] {
    const names = readdirSync(path.join(this.path, folder)).filter((name) => /\.ya?ml$/.test(name));
    return names.sort().map((name) => `${folder}/${name}`);
  }

  textOf(file: string): string {
    return readFileSync(path.join(this.path, file), 'utf8');
  }

  /** The objects of a file. */
  objectsOf(file: string): readonly Manifest[] {
    const documents = parseAllDocuments(this.textOf(file));
    return [...documents].map((document) => {
      const [problem] = [...document.errors, ...document.warnings];
      if (problem) throw problem;
      return document.toJS() as Manifest;
    });
  }

  /** The object of this kind; throws when the file has not exactly one. */
  onlyOne(file: string, kind: string): Manifest {
    const [found, ...others] = this.objectsOf(file).filter((manifest) => manifest.kind === kind);
    if (!found || others.length > 0) throw new Error(`${file} has not exactly one ${kind}`);
    return found;
  }
}

/** Rules as lines that can be compared: `coordination.k8s.io/leases[name]: get update`. */
export function rulesInWords(rules: readonly ManifestRule[]): readonly string[] {
  return rules
    .flatMap(({ apiGroups, resources, resourceNames = [], verbs }) => {
      const names = resourceNames.length > 0 ? `[${resourceNames.join(' ')}]` : '';
      return apiGroups.flatMap((group) =>
        resources.map((resource) => `${group === '' ? '' : `${group}/`}${resource}${names}: ${verbs.join(' ')}`),
      );
    })
    .toSorted();
}

/** How kubectl names an object: `deployment.apps/web`. */
export function kubectlName({ apiVersion, kind, metadata }: Manifest): string {
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
  return `${kind.toLowerCase()}${group ? `.${group}` : ''}/${metadata.name}`;
}
