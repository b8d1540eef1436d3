// METAL_LOAD_BALANCER in all its forms.
import { describe, expect, test } from '@jest/globals';
import { parseBackend } from './backend-setting.ts';

const configMap = (namespace: string, name: string): object => ({
  kind: 'metallb-config-map',
  namespace,
  configMap: name,
});

describe('parseBackend', () => {
  test.each([
    { text: 'empty://', backend: { kind: 'empty' } },
    { text: 'empty:///', backend: { kind: 'empty' } },
    { text: 'kube-vip://', backend: { kind: 'kube-vip' } },
    { text: 'kuve-vip://', backend: { kind: 'kube-vip' } },
    { text: 'metallb://', backend: configMap('metallb-system', 'config') },
    { text: 'metallb:///', backend: configMap('metallb-system', 'config') },
    { text: 'metallb:///ns', backend: configMap('ns', 'config') },
    { text: 'metallb:///ns/cm', backend: configMap('ns', 'cm') },
    { text: 'metallb:///?crdConfiguration=true', backend: { kind: 'metallb-resources', namespace: 'metallb-system' } },
    { text: 'metallb:///ns?crdConfiguration=true', backend: { kind: 'metallb-resources', namespace: 'ns' } },
    { text: 'metallb:///ns/?crdConfiguration=1', backend: { kind: 'metallb-resources', namespace: 'ns' } },
    { text: 'metallb:///ns?crdConfiguration=false', backend: configMap('ns', 'config') },
    { text: 'emlb:///sv', backend: { kind: 'emlb', metro: 'sv' } },
  ])('PK row 74 $text', ({ text, backend }) => {
    expect(parseBackend(text)).toEqual(backend);
  });

  test.each([
    'metallb:///ns?crdConfiguration=maybe',
    'metallb:///ns?crd=true',
    'metallb:///a/b/c',
    'metallb:///ns/cm?crdConfiguration=true',
    'metallb:///Not_A_Name',
    'emlb:///fr',
    'emlb://',
    'empty:///x',
  ])('PK row 74 %s is a clear error', (text) => {
    expect(parseBackend(text)).toEqual({ use: expect.any(String) });
  });

  test.each(['f5://', 'metallb', 'true', '://'])('PK row 75 %s is no back end', (text) => {
    expect(parseBackend(text)).toEqual({ use: expect.stringContaining('kube-vip://') });
  });
});
