// An image of one static program and nothing else, as an archive that containerd imports.
import { digestOf, packTar } from '@longshore/image';
import type { Entry } from '@longshore/image';

/** What is in the image. */
export interface ProgramImage {
  /** For example `longshore/pause:1`. */
  readonly reference: string;
  /** Its absolute path in the image. */
  readonly program: string;
  readonly binary: Buffer;
}

/** Packs the image. */
export async function packProgram({ reference, program, binary }: ProgramImage): Promise<Buffer> {
  const layer = await packTar([{ kind: 'file', path: program, content: binary, mode: 0o755 }]);
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { User: '65532:65532', Entrypoint: [program] },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
  const manifest = [{ Config: 'config.json', RepoTags: [reference], Layers: ['layer.tar'] }];
  return packTar([
    file('/manifest.json', JSON.stringify(manifest)),
    file('/config.json', config),
    file('/layer.tar', layer),
  ]);
}

function file(name: string, content: string | Buffer): Entry {
  return { kind: 'file', path: name, content: Buffer.from(content) };
}
