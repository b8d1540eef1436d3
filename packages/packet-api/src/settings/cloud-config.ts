// The configuration file of the Packet programs, as JSON (`cloud-sa.json`) or as the plain keys of a mounted Secret. Pure; the files are
// read by cloud-config-file.ts. Keys count without regard to case and dashes, as Go read them: templates write `projectID`, the Go
// programs declared `projectId`, and `base-url` is meant by `baseUrl` too.
import { findJsonError } from './json-position.ts';

/** Settings out of a file or folder. */
export interface CloudConfig {
  /** Where they come from, for messages. */
  readonly path: string;
  /** Value by simplified key; never to be printed as a whole, as the API key is among them. */
  readonly values: ReadonlyMap<string, string>;
}

/** A file to its settings, or what is wrong with it. */
export type CloudConfigReading = { readonly config: CloudConfig } | { readonly problem: string };

/** Two spellings of one key have the same simplified form. */
export function simplifyKey(key: string): string {
  return key.toLowerCase().replace(/[-_]/g, '');
}

/** JSON text to settings. Says where the error is and never what stands there. */
export function parseCloudConfig(text: string, path: string): CloudConfigReading {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const parsed = parseJson(content);
  if (parsed === undefined) {
    const position = findJsonError(content);
    const where = position === undefined ? '' : ` at line ${position.line}, column ${position.column}`;
    return { problem: `${path} is not JSON${where}` };
  }
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: `${path} is JSON, but not an object with keys like "apiKey"` };
  }
  return toConfig(Object.entries(value), path);
}

/** The plain keys of a mounted Secret, one file each. */
export function configOfKeys(entries: Iterable<readonly [string, string]>, path: string): CloudConfig {
  const values = new Map<string, string>();
  for (const [key, text] of entries) if (text.trim() !== '') values.set(simplifyKey(key), text.trim());
  return { path, values };
}

/** Both forms of one Secret: what the JSON file lacks is taken from the plain keys. */
export function mergeConfigs(first: CloudConfig, second: CloudConfig): CloudConfig {
  return { path: first.path, values: new Map([...second.values, ...first.values]) };
}

function toConfig(entries: readonly (readonly [string, unknown])[], path: string): CloudConfigReading {
  const values = new Map<string, string>();
  for (const [key, value] of entries) {
    if (value === null || value === '') continue;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return { problem: `${path}: key "${key}" is neither a text, a number nor true or false` };
    }
    values.set(simplifyKey(key), String(value).trim());
  }
  return { config: { path, values } };
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
