// Which log lines are shown: `-v`, and per logger `--vmodule`. Can be changed while the program runs (PUT /debug/flags/v).
import type { Problem } from './problem.ts';

/** One entry of `--vmodule`: loggers whose name matches are shown up to `level`. */
export interface VmoduleRule {
  readonly pattern: string;
  readonly level: number;
}

/** `node*=4,lease=2` to rules; patterns know `*` and `?` and match the logger's whole name. */
export function parseVmodule(text: string): readonly VmoduleRule[] | Problem {
  const rules: VmoduleRule[] = [];
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^([^=]+)=(\d+)$/.exec(item.trim());
    if (!match) return { problem: 'is not a list like node*=4,lease=2' };
    rules.push({ pattern: match[1] ?? '', level: Number(match[2]) });
  }
  return rules;
}

/** The levels in force, shared by a logger and all its children. */
export class Verbosity {
  #level: number;
  readonly #rules: readonly { readonly matches: RegExp; readonly level: number }[];

  constructor(level: number, rules: readonly VmoduleRule[] = []) {
    this.#level = level;
    this.#rules = rules.map((rule) => ({ matches: globToRegExp(rule.pattern), level: rule.level }));
  }

  get level(): number {
    return this.#level;
  }

  set level(level: number) {
    this.#level = level;
  }

  /** As in klog, a matching rule shows more, never less. */
  isShown(level: number, loggerName: string): boolean {
    if (level <= this.#level) return true;
    return this.#rules.some((rule) => level <= rule.level && rule.matches.test(loggerName));
  }
}

function globToRegExp(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}
