// Decides which imports break the rules. Pure: projects and file texts in, violations out.
import path from 'node:path';
import { allowedLayers, dynamicOnly, processEntryOnly, soleImporters } from './rules.ts';
import { importsOf } from './imports.ts';
import type { ImportStatement } from './imports.ts';

/** A workspace project with its sources; paths are relative to the repository's root, with forward slashes. */
export interface Project {
  readonly name: string;
  readonly folder: string;
  readonly layer: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly files: ReadonlyMap<string, string>;
}

/** One broken rule, with the place and the remedy in words. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** All violations of all projects, cycles between files included. */
export function checkBoundaries(
  projects: readonly Project[],
  rootDevDependencies: readonly string[],
): readonly Violation[] {
  const byName = new Map(projects.map((project) => [project.name, project]));
  return projects.flatMap((project) => [
    ...[...project.files].flatMap(([file, text]) =>
      importsOf(file, text).flatMap((statement) => {
        const message = checkImport({ project, file, statement, byName, rootDevDependencies });
        return message ? [{ file, line: statement.line, message }] : [];
      }),
    ),
    ...findCycles(project),
  ]);
}

interface Place {
  readonly project: Project;
  readonly file: string;
  readonly statement: ImportStatement;
  readonly byName: ReadonlyMap<string, Project>;
  readonly rootDevDependencies: readonly string[];
}

function checkImport(place: Place): string | undefined {
  const { specifier } = place.statement;
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) return checkRelative(place);
  const other = place.byName.get(packageOf(specifier));
  return other ? checkProject(place, other) : checkLibrary(place);
}

function checkRelative({ project, file, statement }: Place): string | undefined {
  const target = path.posix.join(path.posix.dirname(file), statement.specifier);
  return target.startsWith(`${project.folder}/`)
    ? undefined
    : `import ${statement.specifier} leaves the package: import the other one by name`;
}

function checkProject(place: Place, other: Project): string | undefined {
  const { project, file, statement } = place;
  if (isTest(file) || project.layer === 'tool') return undefined;
  const sub = statement.specifier.slice(other.name.length);
  if (sub === '/testing' && !file.includes('/testing')) return `${statement.specifier} is for tests only`;
  if (processEntryOnly.includes(project.name) && other.name === '@longshore/k8s-runtime' && sub !== '/process') {
    return `${project.name} may import @longshore/k8s-runtime/process only`;
  }
  return checkLayer(place, other);
}

function checkLayer({ project, statement }: Place, other: Project): string | undefined {
  const isLazy = dynamicOnly.some(([from, to]) => from === project.layer && to === other.layer);
  if (isLazy) {
    const isAllowed = statement.isDynamic || statement.isTypeOnly;
    return isAllowed ? undefined : `${other.name} may be imported dynamically only: it is not in the images`;
  }
  if (project.name !== other.name && !(allowedLayers[project.layer] ?? []).includes(other.layer)) {
    return `layer ${project.layer} may not import layer ${other.layer} (${other.name})`;
  }
  return isDeclared(project, other.name)
    ? undefined
    : `${other.name} is not declared in ${project.folder}/package.json`;
}

function checkLibrary({ project, file, statement, rootDevDependencies }: Place): string | undefined {
  const library = packageOf(statement.specifier);
  const importers = soleImporters[library];
  if (importers && !statement.isTypeOnly && !importers.includes(file) && !isTest(file)) {
    return `only ${importers.join(', ')} may import values of ${library}; use \`import type\``;
  }
  const isDevUse = isTest(file) || project.layer === 'tool' || file.includes('/testing');
  const declared = [...project.dependencies, ...(isDevUse ? [...project.devDependencies, ...rootDevDependencies] : [])];
  return declared.includes(library) ? undefined : `${library} is not declared in ${project.folder}/package.json`;
}

function isDeclared(project: Project, name: string): boolean {
  return project.name === name || [...project.dependencies, ...project.devDependencies].includes(name);
}

function isTest(file: string): boolean {
  return file.endsWith('.spec.ts') || /\/(test-support|fixtures)\//.test(file) || file.includes('/examples/');
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

// Value imports only: a cycle of types is erased and harms nobody.
function findCycles(project: Project): readonly Violation[] {
  const edges = new Map<string, readonly string[]>();
  for (const [file, text] of project.files) {
    const targets = importsOf(file, text)
      .filter((statement) => statement.specifier.startsWith('.') && !statement.isTypeOnly && !statement.isDynamic)
      .map((statement) => path.posix.join(path.posix.dirname(file), statement.specifier));
    edges.set(file, targets);
  }
  const violations: Violation[] = [];
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      violations.push({ file, line: 1, message: `import cycle: ${[...trail.slice(start), file].join(' -> ')}` });
      return;
    }
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) walk(next, [...trail, file]);
    done.add(file);
  };
  for (const file of edges.keys()) walk(file, []);
  return violations;
}
