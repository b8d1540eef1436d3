// Every schema is structural: a type everywhere but for int-or-string, and a description on each field that people write or read.
import { describe, expect, test } from '@jest/globals';
import { clusterCrds, packetCrds } from '../crds.ts';
import type { Schema } from './schema.ts';

interface Version {
  readonly schema: { readonly openAPIV3Schema: Schema };
  readonly additionalPrinterColumns: readonly { readonly jsonPath: string }[];
}

const crds = [...clusterCrds, ...packetCrds];
const rootOf = (crd: (typeof crds)[number]): Schema => (crd.spec.versions[0] as Version).schema.openAPIV3Schema;

function problemsIn(schema: Schema, at: string): readonly string[] {
  const own = [
    ...(schema.type === undefined && !schema['x-kubernetes-int-or-string'] ? [`${at}: no type`] : []),
    ...(schema.type === 'array' && !schema.items ? [`${at}: no items`] : []),
    ...(schema.required ?? []).filter((name) => !schema.properties?.[name]).map((name) => `${at}: requires ${name}`),
  ];
  const children = Object.entries(schema.properties ?? {});
  const silent = children
    .filter(([name, child]) => !child.description && name !== 'metadata')
    .map(([name]) => `${at}.${name}: silent`);
  return [
    ...own,
    ...silent,
    ...children.flatMap(([name, child]) => problemsIn(child, `${at}.${name}`)),
    ...(schema.items ? problemsIn(schema.items, `${at}[]`) : []),
  ];
}

describe('schemas', () => {
  test.each(crds.map((crd) => ({ name: crd.metadata.name, crd })))(
    '$name is structural and explained',
    ({ name, crd }) => {
      expect(problemsIn(rootOf(crd), name)).toEqual([]);
    },
  );

  test('raw fields keep what they are given', () => {
    const at = (crd: string, ...path: string[]): Schema | undefined =>
      path.reduce<Schema | undefined>(
        (schema, name) => schema?.properties?.[name],
        rootOf(crds.find(({ spec }) => spec.names.plural === crd) as (typeof crds)[number]),
      );
    const raw = [
      at('clusters', 'spec', 'providerSpec', 'value'),
      at('clusters', 'status', 'providerStatus'),
      at('machines', 'spec', 'providerSpec', 'value'),
      at('machines', 'spec', 'metadata'),
      at('machines', 'status', 'providerStatus'),
      at('machinesets', 'spec', 'template', 'metadata'),
      at('machinedeployments', 'spec', 'template', 'spec', 'providerSpec', 'value'),
      at('machineclasses', 'providerSpec'),
    ];
    for (const schema of raw)
      expect(schema).toMatchObject({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  });
});
