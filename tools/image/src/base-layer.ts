// What all images share: Node, its libraries, certificates and the few files of /etc that programs look at. No shell, no package manager.
// Pure: the parts are given. A change here changes the digest of every image.
import tls from 'node:tls';
import { APP_FOLDER } from './app-names.ts';
import type { Entry } from './archive.ts';
import { stripElf } from './elf.ts';
import type { NodeBinary } from './node-binary.ts';
import { IMAGE_USER } from './oci.ts';

const PASSWD = `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${IMAGE_USER}:${IMAGE_USER}:nonroot:/tmp:/sbin/nologin\n`;
const GROUP = `root:x:0:\nnonroot:x:${IMAGE_USER}:\n`;
const NSSWITCH = 'hosts: files dns\n';

/** The entries of the shared layer. */
export function baseEntries(node: NodeBinary, libraries: readonly Entry[]): readonly Entry[] {
  return [
    { kind: 'file', path: `${APP_FOLDER}/node`, content: stripElf(node.binary, 'node'), mode: 0o755 },
    ...libraries,
    text('/etc/passwd', PASSWD),
    text('/etc/group', GROUP),
    text('/etc/nsswitch.conf', NSSWITCH),
    text('/etc/ssl/certs/ca-certificates.crt', caBundle()),
    { kind: 'file', path: '/usr/share/doc/node/LICENSE', content: node.license },
    { kind: 'folder', path: '/tmp', mode: 0o1777 },
  ];
}

// Mozilla's list as the pinned Node has it: the same on every machine, and nothing that an administrator added to this one.
function caBundle(): string {
  return `${tls.rootCertificates.join('\n')}\n`;
}

function text(path: string, content: string): Entry {
  return { kind: 'file', path, content: Buffer.from(content) };
}
