// The YAML parser, in a file of its own: kube-config.ts imports this lazily, and only a static import gives bundles of a CommonJS library
// its named exports.
import { parse } from 'yaml';

/** Parses one YAML document; throws a YAMLParseError with line and column. */
export function parseYaml(text: string): unknown {
  return parse(text) as unknown;
}
