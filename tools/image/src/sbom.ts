// The list of what is in an image, as SPDX 2.3 JSON. Pure, and the same for the same content: the time is given, the namespace is a digest.
import { digestOf } from './archive.ts';

/** A part of somebody else's in an image. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, or NOASSERTION. */
  readonly license: string;
  /** Package URL. */
  readonly purl?: string;
}

/** What the list is about. */
export interface SbomSubject {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly created: string;
  readonly components: readonly Component[];
}

/** Writes the list. */
export function writeSbom(subject: SbomSubject): Buffer {
  const components = [...subject.components].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const fingerprint = digestOf(Buffer.from(JSON.stringify({ ...subject, components }))).replace('sha256:', '');
  const root = packageOf({ name: subject.name, version: subject.version, license: subject.license }, 'SPDXRef-Image');
  const parts = components.map((component, index) => packageOf(component, `SPDXRef-Part-${index + 1}`));
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${subject.name}-${subject.version}`,
    documentNamespace: `urn:longshore:sbom:${subject.name}:${fingerprint}`,
    creationInfo: { created: subject.created, creators: ['Tool: longshore-image'] },
    packages: [root, ...parts],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-Image'),
      ...parts.map(({ SPDXID }) => relation('SPDXRef-Image', 'CONTAINS', SPDXID)),
    ],
  };
  return Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`);
}

interface SpdxPackage extends Readonly<Record<string, unknown>> {
  readonly SPDXID: string;
}

function keyOf({ name, version }: Component): string {
  return `${name}@${version}`;
}

function packageOf({ name, version, license, purl }: Component, id: string): SpdxPackage {
  return {
    name,
    SPDXID: id,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: license,
    copyrightText: 'NOASSERTION',
    ...(purl ? { externalRefs: [reference(purl)] } : {}),
  };
}

function reference(purl: string): object {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl };
}

function relation(from: string, relationshipType: string, to: string): object {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}
