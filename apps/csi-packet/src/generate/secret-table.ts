// Which fields of which requests may hold secrets: those that csi.proto marks with `csi_secret`. Pure.

/** The source of src/gen/secret-fields.ts: field names (as ts-proto writes them) by the path of the method. */
export function secretTable(proto: string): string {
  const fields = secretFields(proto);
  const rows = methodsOf(proto).flatMap(({ path, request }) => {
    const names = fields.get(request);
    return names === undefined ? [] : [`  '${path}': [${names.map((name) => `'${name}'`).join(', ')}],`];
  });
  return [
    '',
    '/** Fields of requests that csi.proto marks as `csi_secret`, by path of the method. */',
    'export const SECRET_FIELDS: Readonly<Record<string, readonly string[]>> = {',
    ...rows,
    '};',
    '',
  ].join('\n');
}

function secretFields(proto: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  let message = '';
  for (const line of statementsOf(proto)) {
    const opened = /^message (\w+)/.exec(line);
    if (opened?.[1] !== undefined) message = opened[1];
    const name = /(\w+) = \d+ \[[^\]]*\(csi_secret\) = true/.exec(line)?.[1];
    if (name !== undefined) fields.set(message, [...(fields.get(message) ?? []), toCamel(name)]);
  }
  return fields;
}

function methodsOf(proto: string): readonly { readonly path: string; readonly request: string }[] {
  const methods: { path: string; request: string }[] = [];
  let service = '';
  for (const line of statementsOf(proto)) {
    service = /^service (\w+)/.exec(line)?.[1] ?? service;
    const [, name, request] = /^\s*rpc (\w+)\s*\(\s*(\w+)\s*\)/.exec(line) ?? [];
    if (name !== undefined && request !== undefined) methods.push({ path: `/csi.v1.${service}/${name}`, request });
  }
  return methods;
}

// One statement per text, whatever the line breaks in the file.
function statementsOf(proto: string): readonly string[] {
  const code = proto.replaceAll(/\/\/.*$/gm, '').replaceAll(/\s+/g, ' ');
  return code.split(/(?<=[;{}])/).map((part) => part.trim());
}

function toCamel(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
