// Keeps secrets out of everything that a process prints. Values are registered once when they are read; every line passes through here.

// Shorter values would blacken half of the log ("a", "1") and are no secrets that hold.
const SHORTEST_SECRET = 6;

/** Replaces registered values, also as they look inside JSON, URLs and base64. */
export class SecretRedactor {
  readonly #spellings = new Set<string>();

  /** Registers secret values; empty and very short ones are ignored. */
  add(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret.trim().length < SHORTEST_SECRET) continue;
      for (const spelling of spellingsOf(secret.trim())) this.#spellings.add(spelling);
    }
  }

  /** The text with every registered value replaced. */
  redact(text: string): string {
    let shown = text;
    for (const spelling of this.#spellings) shown = shown.replaceAll(spelling, '<redacted>');
    return shown;
  }
}

function spellingsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64];
}
