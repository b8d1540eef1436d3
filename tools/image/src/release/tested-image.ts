// From the artifact of a test run to a layout that can be pushed: the checksum is compared, and there has to be exactly one image.
import { createHash } from 'node:crypto';
import { OperatorError, never } from '@longshore/reconciler-core';
import { unpackTar } from '../archive.ts';
import { readIndex, unpackLayout } from '../oci-layout.ts';
import { readZip } from './zip.ts';

/** An image on disk. */
export interface TestedImage {
  /** An OCI layout. */
  readonly folder: string;
  readonly digest: string;
}

/** Unpacks the artifact into a folder. Throws RELEASE_IMAGE_UNUSABLE when it is not what was tested. */
export async function unpackTestedImage(artifact: Buffer, folder: string): Promise<TestedImage> {
  const files = readZip(artifact);
  const archive = fileOf(files, 'image.tar');
  const [wanted] = String(fileOf(files, 'image.tar.sha256')).trim().split(/\s+/);
  const found = createHash('sha256').update(archive).digest('hex');
  if (found !== wanted) throw unusable(`image.tar has the checksum ${found}, tested was ${wanted}`);
  await unpackLayout(await unpackTar(archive), folder);
  const [image, ...others] = await readIndex(folder);
  if (!image || others.length > 0) throw unusable('image.tar holds no single image in an OCI layout');
  return { folder, digest: image.digest };
}

function fileOf(files: ReadonlyMap<string, Buffer>, name: string): Buffer {
  const content = files.get(name);
  if (content) return content;
  throw unusable(`the artifact holds no ${name}`);
}

function unusable(reason: string): OperatorError {
  return new OperatorError('RELEASE_IMAGE_UNUSABLE', `the tested image cannot be released: ${reason}`, never);
}
