// What the bundle loads at its start. The node plugin never calls the API: the HTTP client, and the half of grpc-js that makes calls,
// would take several MiB on every machine of a cluster.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}
interface Metafile {
  readonly outputs: Readonly<Record<string, Output>>;
}

const metafile = JSON.parse(readFileSync(path.join(import.meta.dirname, '../dist/meta.json'), 'utf8')) as Metafile;

function inputsBehind(entry: string, kinds: ReadonlySet<string>): readonly string[] {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    const output = metafile.outputs[file];
    if (output === undefined || seen.has(file)) return;
    seen.add(file);
    for (const { path: next, kind, external } of output.imports) if (external !== true && kinds.has(kind)) visit(next);
  };
  visit(entry);
  const inputs = [...seen].flatMap((file) => Object.entries(metafile.outputs[file]?.inputs ?? {}));
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([input]) => input);
}

const atStart = inputsBehind('dist/program.js', new Set(['import-statement', 'require-call']));
const everything = inputsBehind('dist/program.js', new Set(['import-statement', 'require-call', 'dynamic-import']));
const matching = (inputs: readonly string[], what: RegExp): readonly string[] =>
  inputs.filter((file) => what.test(file));

describe('the bundle', () => {
  test('holds the node side and the server at once', () => {
    expect(matching(atStart, /src\/node\/node-service\.ts$/)).toHaveLength(1);
    expect(matching(atStart, /@grpc\/grpc-js\/build\/src\/server\.js$/)).toHaveLength(1);
  });

  test('loads the HTTP client with the controller only', () => {
    const client = /node_modules\/(axios|follow-redirects|form-data|mime-db)\/|cloud-http\/src\/cloud-http\.ts$/;
    expect(matching(atStart, client)).toEqual([]);
    expect(matching(everything, client).length).toBeGreaterThan(1);
    expect(matching(atStart, /src\/controller\/controller\.ts$/)).toEqual([]);
  });

  test('leaves the client of grpc-js and its diagnostics out', () => {
    expect(matching(everything, /protobufjs|proto-loader|load-balancer-|grpc-js\/build\/src\/client\.js$/)).toEqual([]);
  });
});
