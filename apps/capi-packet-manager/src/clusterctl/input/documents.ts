// YAML or JSON streams to objects. Pure. Every mistake of a file is reported at once, each with the file and the document.
import { parseAllDocuments } from 'yaml';
import type { AnyObject } from '../kube-kinds.ts';

/** A file that was read. */
export interface InputFile {
  readonly path: string;
  readonly text: string;
}

/** Its objects, and all that is wrong. */
export interface ParsedFile {
  readonly path: string;
  readonly objects: readonly AnyObject[];
  readonly problems: readonly string[];
}

/** The objects of the stream; lists (`kind: List`, `MachineList`) are taken apart. */
export function parseDocuments({ path, text }: InputFile): ParsedFile {
  const objects: AnyObject[] = [];
  const problems: string[] = [];
  for (const [index, document] of [...parseAllDocuments(text)].entries()) {
    const at = `${path}: document ${index + 1}`;
    const [mistake] = document.errors;
    if (mistake) {
      problems.push(`${at} is no YAML: ${mistake.message.split('\n')[0] ?? ''}`);
      continue;
    }
    const value: unknown = document.toJS();
    // Comments and separators only.
    if (value === null || value === undefined) continue;
    objects.push(...objectsOf(value, at, problems));
  }
  if (objects.length === 0 && problems.length === 0) problems.push(`${path} holds no object`);
  return { path, objects, problems };
}

function objectsOf(value: unknown, at: string, problems: string[]): readonly AnyObject[] {
  const fields = value as Readonly<Record<string, unknown>>;
  if (typeof value !== 'object' || Array.isArray(value)) {
    problems.push(`${at} is no object`);
    return [];
  }
  const { kind, items } = fields;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    return items.flatMap((item: unknown, index) => objectsOf(item, `${at}: items[${index}]`, problems));
  }
  const missing = missingFields(fields);
  if (missing.length > 0) {
    problems.push(`${at} has no ${missing.join(', no ')}`);
    return [];
  }
  return [value as AnyObject];
}

function missingFields(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const metadata = fields['metadata'] as Readonly<Record<string, unknown>> | null | undefined;
  const isNamed = typeof metadata?.['name'] === 'string' || typeof metadata?.['generateName'] === 'string';
  const isText = (name: string): boolean => typeof fields[name] === 'string' && fields[name] !== '';
  return [...['apiVersion', 'kind'].filter((name) => !isText(name)), ...(isNamed ? [] : ['metadata.name'])];
}
