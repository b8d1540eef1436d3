// A new ed25519 key pair in the format of OpenSSH: Node writes none, and ssh-keygen need not be there.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** Both halves as files. */
export interface SshKey {
  readonly privateKey: string;
  /** One line for authorized_keys. */
  readonly publicKey: string;
}

const KIND = 'ssh-ed25519';

/** Makes a key pair without passphrase. */
export function makeSshKey(comment: string): SshKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const [secret, point] = [Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')];
  const publicBlob = Buffer.concat([field(KIND), field(point)]);
  const check = randomBytes(4);
  const content = Buffer.concat([
    check,
    check,
    field(KIND),
    field(point),
    field(Buffer.concat([secret, point])),
    field(comment),
  ]);
  // Padded with 1, 2, 3, … to the block size of "no cipher".
  const padding = Buffer.from(Array.from({ length: (8 - (content.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    one,
    field(publicBlob),
    field(Buffer.concat([content, padding])),
  ]);
  return { privateKey: pem(whole), publicKey: `${KIND} ${publicBlob.toString('base64')} ${comment}\n` };
}

function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  const label = 'OPENSSH PRIVATE KEY';
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
