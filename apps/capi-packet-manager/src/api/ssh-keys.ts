// Public keys as `machines.yaml` has them: base64 of the key's file (the Go script's form) or the text itself. A file may hold several.

const KEY_LINE = /^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+( .*)?$/;

/** The keys in the text, one per line of their file, comments left out; empty when it holds anything else. */
export function decodeSshKeys(text: string): readonly string[] {
  const plain = keyLines(text);
  return plain.length > 0 ? plain : keyLines(fromBase64(text) ?? '');
}

/** Form in which generated files carry a key: base64 of the file, byte for byte. */
export function encodeSshKeyFile(content: Uint8Array): string {
  return Buffer.from(content).toString('base64');
}

function keyLines(text: string): readonly string[] {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.every((line) => KEY_LINE.test(line)) ? lines : [];
}

function fromBase64(text: string): string | undefined {
  const compact = text.replace(/\s+/g, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(compact) ? Buffer.from(compact, 'base64').toString('utf8') : undefined;
}
