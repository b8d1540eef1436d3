// Keeps secrets out of messages, logs and error objects. HTTP libraries hang the whole request (with its Authorization header) on
// their errors; what leaves this package is built anew from harmless parts.

const LONGEST_TEXT = 300;
const HIDDEN = '[redacted]';

// Authorization schemes, the header forms of tokens, and passwords in URLs, wherever they show up in a text.
const SECRET_FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic|Token)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  [/("?(?:x-auth-token|authorization)"?\s*[:=]\s*"?)[^\s",}]+/gi, `$1${HIDDEN}`],
  [/:\/\/[^\s/@]+@/g, '://'],
];

/** The text without the given secrets, and without anything that looks like an authorization header. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, HIDDEN);
  for (const [form, replacement] of SECRET_FORMS) clean = clean.replace(form, replacement);
  return clean;
}

/** A body that is not the API's own, made fit for one line of a message: tags kept, white space folded, cut to 300 characters. */
export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_TEXT ? line : `${line.slice(0, LONGEST_TEXT)}… (${text.length} characters)`;
}

/** A cause to hang on an error: name, message and code of the original, nothing else of it. */
export function plainCause(error: unknown, secrets: readonly string[]): Error {
  const message = error instanceof Error ? error.message : String(error);
  const plain = new Error(redact(message, secrets));
  if (error instanceof Error) plain.name = error.name;
  plain.stack = `${plain.name}: ${plain.message}`;
  return plain;
}

/** A URL as it may be shown: without user name and password. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
