// Sealing: private keys and tokens in Secrets are encrypted with a key that is kept apart from them (a Secret of its own, or a file), so
// that who reads the Secrets of a cluster's namespace, or a copy of etcd without that key, has nothing. Text format, one line of ASCII:
//
//   longshore-sealed:v1:<key id>:<nonce>:<ciphertext and tag>
//
// AES-256-GCM; nonce of 12 bytes, tag of 16 bytes at the end, both parts base64url without padding. Key id: the first 8 hex digits of
// SHA-256("longshore sealing key" NUL key). Associated data: `v1`, key id, namespace, Secret name, field, separated by NUL, so that a
// sealed value opens only where it was put. Several keys: the first one seals, all open; so a key is replaced by putting a new one first.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { OperatorError, onChange } from '@longshore/reconciler-core';

/** Key for sealing; `id` may be shown. */
export interface SealingKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The first key seals, all of them open. */
export type SealingKeys = readonly [SealingKey, ...SealingKey[]];

/** Where a sealed value is kept. */
export interface SealedPlace {
  readonly namespace: string;
  /** Name of the Secret. */
  readonly name: string;
  /** Key in its data. */
  readonly field: string;
}

const PREFIX = 'longshore-sealed:';
const VERSION = 'v1';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** New bytes for a sealing key. */
export function newSealingKeyBytes(): Uint8Array {
  return randomBytes(KEY_BYTES);
}

/** A key of the content of a Secret's field or of a file: 32 bytes as they are, or as hex or base64 text. `source` names it in the error. */
export function sealingKey(content: Uint8Array, source: string): SealingKey {
  const bytes = keyBytesOf(content);
  if (bytes === undefined) {
    throw new OperatorError(
      'SEALING_KEY_INVALID',
      `${source} is not a sealing key: it has to hold 32 random bytes, as they are or as hex or base64 text ` +
        `(for example of "openssl rand -hex 32"); it holds ${content.length} bytes`,
      onChange,
    );
  }
  return { id: keyIdOf(bytes), bytes };
}

/** The keys of a Secret's data (base64 values): the one named `key` first, the others in the order of their names. */
export function sealingKeysOfSecret(data: Readonly<Record<string, string>>, source: string): SealingKeys {
  const names = Object.keys(data).sort((a, b) => Number(b === 'key') - Number(a === 'key') || (a < b ? -1 : 1));
  const keys = names.map((name) => sealingKey(Buffer.from(data[name] ?? '', 'base64'), `${source}, field ${name}`));
  const [first, ...rest] = keys;
  if (first === undefined) {
    throw new OperatorError(
      'SEALING_KEY_INVALID',
      `${source} is empty: put 32 random bytes into its field key`,
      onChange,
    );
  }
  return [first, ...rest];
}

/** Whether a value is sealed; who brings keys in clear may keep them so. */
export function isSealed(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** Seals a value for one place. */
export function seal(plain: string, [key]: SealingKeys, place: SealedPlace): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  cipher.setAAD(associatedData(key.id, place));
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${PREFIX}${VERSION}:${key.id}:${nonce.toString('base64url')}:${sealed.toString('base64url')}`;
}

/** The value. Throws SEALED_VALUE_UNREADABLE, naming the Secret and the key that is missing. */
export function open(text: string, keys: SealingKeys, place: SealedPlace): string {
  const parts = partsOf(text);
  if (parts === undefined) throw unreadable(place, 'is not in the format of sealed values: it was cut off or changed');
  if (parts.version !== VERSION) {
    throw unreadable(place, `was sealed in format ${parts.version}, which this version does not know: update it`);
  }
  const key = keys.find(({ id }) => id === parts.keyId);
  if (key === undefined) {
    const known = keys.map(({ id }) => id).join(', ');
    throw unreadable(
      place,
      `was sealed with key ${parts.keyId}, but only ${known} is given: add the former sealing key`,
    );
  }
  const plain = decrypt(parts, key, place);
  if (plain !== undefined) return plain;
  throw unreadable(
    place,
    `does not open with its key ${key.id}: it was changed, or copied from another Secret or field`,
  );
}

/** As `open`, but a value in clear is returned as it is: users bring their own keys that way. */
export function openIfSealed(text: string, keys: SealingKeys, place: SealedPlace): string {
  return isSealed(text) ? open(text, keys, place) : text;
}

/** Whether a value should be written again: it is sealed with a key that is not the first any more. */
export function isDueForResealing(text: string, [first]: SealingKeys): boolean {
  return isSealed(text) && partsOf(text)?.keyId !== first.id;
}

interface SealedParts {
  readonly version: string;
  readonly keyId: string;
  readonly nonce: Buffer;
  readonly sealed: Buffer;
}

function partsOf(text: string): SealedParts | undefined {
  const match = /^longshore-sealed:(v\d+):([0-9a-f]{8}):([\w-]+):([\w-]+)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, version = '', keyId = '', nonce = '', sealed = ''] = match;
  return { version, keyId, nonce: Buffer.from(nonce, 'base64url'), sealed: Buffer.from(sealed, 'base64url') };
}

function decrypt({ nonce, sealed }: SealedParts, key: SealingKey, place: SealedPlace): string | undefined {
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(key.id, place));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    return Buffer.concat([plain, decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function associatedData(keyId: string, { namespace, name, field }: SealedPlace): Buffer {
  return Buffer.from([VERSION, keyId, namespace, name, field].join('\0'));
}

function keyIdOf(bytes: Uint8Array): string {
  return createHash('sha256').update('longshore sealing key\0').update(bytes).digest('hex').slice(0, 8);
}

function keyBytesOf(content: Uint8Array): Uint8Array | undefined {
  if (content.length === KEY_BYTES) return Uint8Array.from(content);
  const text = Buffer.from(content).toString('latin1').trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
  if (/^[\w+/-]{43}=?$/.test(text)) return Uint8Array.from(Buffer.from(text, 'base64'));
  return undefined;
}

function unreadable({ namespace, name, field }: SealedPlace, what: string): OperatorError {
  return new OperatorError('SEALED_VALUE_UNREADABLE', `Secret ${namespace}/${name}: ${field} ${what}`, onChange);
}
