// A small strict reader of PromQL: enough for dashboards and alert rules, and an error for everything else, so that a slip of the pen is
// found where there is no promtool. Says which series an expression asks for, with which labels. Pure.

/** One series that is asked for. */
export interface SeriesUse {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** The function that it stands in directly, such as rate. */
  readonly within: string | undefined;
  readonly hasRange: boolean;
}

/** `label="value"` and its kin. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** What an expression needs. */
export interface Needs {
  readonly series: readonly SeriesUse[];
  /** Labels of by, without, on, ignoring, group_left and group_right. */
  readonly groupedBy: readonly string[];
}

/** How many arguments a function takes, and whether the last is a range. */
const FUNCTIONS: Readonly<Record<string, { readonly arity: number; readonly range: boolean }>> = {
  rate: { arity: 1, range: true },
  increase: { arity: 1, range: true },
  changes: { arity: 1, range: true },
  max_over_time: { arity: 1, range: true },
  absent: { arity: 1, range: false },
  time: { arity: 0, range: false },
  histogram_quantile: { arity: 2, range: false },
  clamp_min: { arity: 2, range: false },
};
const AGGREGATIONS = new Set(['sum', 'max', 'min', 'avg', 'count', 'topk']);
const OPERATORS = new Set(['+', '-', '*', '/', '%', '==', '!=', '>', '<', '>=', '<=', 'and', 'or', 'unless']);
const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?(?:e\d+)?)|([a-zA-Z_:][\w:]*)|(=~|!~|==|!=|>=|<=|[-+*/%<>=(){}[\],]))/y;

/** Reads an expression; throws when it is none. */
export function readPromql(text: string): Needs {
  const reader = new Reader(tokensOf(text));
  reader.expression();
  reader.end();
  return { series: reader.series, groupedBy: reader.groupedBy };
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (TOKEN.lastIndex < trimmed.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (!match) throw new Error(`not PromQL: ${trimmed.slice(at)}`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

class Reader {
  readonly series: SeriesUse[] = [];
  readonly groupedBy: string[] = [];
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  end(): void {
    if (this.#at < this.#tokens.length) this.#fail('the end');
  }

  expression(): void {
    this.#operand(undefined);
    while (OPERATORS.has(this.#peek())) {
      this.#next();
      this.#modifiers();
      this.#operand(undefined);
    }
  }

  #modifiers(): void {
    if (this.#takeIf('on') || this.#takeIf('ignoring')) {
      this.#labels();
      if (this.#takeIf('group_left') || this.#takeIf('group_right')) if (this.#peek() === '(') this.#labels();
    }
  }

  #operand(within: string | undefined): void {
    const token = this.#next();
    if (token === '(') {
      this.expression();
      this.#take(')');
    } else if (AGGREGATIONS.has(token)) this.#aggregation(token);
    else if (Object.hasOwn(FUNCTIONS, token)) this.#call(token);
    else if (/^[a-zA-Z_:]/.test(token)) this.#selector(token, within);
    else if (!/^\d/.test(token)) this.#fail('an operand', token);
  }

  #aggregation(name: string): void {
    const isGrouped = this.#grouping();
    this.#take('(');
    if (name === 'topk') {
      this.expression();
      this.#take(',');
    }
    this.expression();
    this.#take(')');
    if (!isGrouped) this.#grouping();
  }

  #grouping(): boolean {
    if (!this.#takeIf('by') && !this.#takeIf('without')) return false;
    this.#labels();
    return true;
  }

  #call(name: string): void {
    const { arity, range } = FUNCTIONS[name] ?? { arity: 0, range: false };
    this.#take('(');
    for (let argument = 0; argument < arity; argument += 1) {
      if (argument > 0) this.#take(',');
      const before = this.series.length;
      if (range) this.#operand(name);
      else this.expression();
      if (range && this.series[before]?.hasRange !== true) this.#fail(`a range such as [5m] for ${name}`);
    }
    this.#take(')');
  }

  #selector(metric: string, within: string | undefined): void {
    const matchers = this.#peek() === '{' ? this.#matchers() : [];
    const hasRange = this.#takeIf('[');
    if (hasRange) {
      if (!within) this.#fail('no range here');
      this.#duration();
      this.#take(']');
    }
    this.series.push({ metric, matchers, within, hasRange });
  }

  #matchers(): readonly Matcher[] {
    const found: Matcher[] = [];
    this.#take('{');
    while (!this.#takeIf('}')) {
      if (found.length > 0) this.#take(',');
      const label = this.#name();
      const operator = this.#next();
      const text = this.#next();
      if (!['=', '!=', '=~', '!~'].includes(operator) || !text.startsWith('"')) this.#fail('label="value"', operator);
      const value = JSON.parse(text) as string;
      // Prometheus anchors them; the syntax that we use is the same in RE2.
      if (operator.includes('~')) new RegExp(`^(?:${value})$`);
      found.push({ label, operator: operator as Matcher['operator'], value });
    }
    return found;
  }

  #labels(): void {
    this.#take('(');
    while (!this.#takeIf(')')) {
      this.groupedBy.push(this.#name());
      if (this.#peek() !== ')') this.#take(',');
    }
  }

  #duration(): void {
    if (!/^\d+$/.test(this.#next()) || !/^[smhdw]$/.test(this.#next())) this.#fail('a duration such as 5m');
  }

  #name(): string {
    const name = this.#next();
    return /^[a-zA-Z_]\w*$/.test(name) ? name : this.#fail('a name', name);
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    const token = this.#peek();
    this.#at += 1;
    return token === '' ? this.#fail('more') : token;
  }

  #take(token: string): void {
    const found = this.#next();
    if (found !== token) this.#fail(token, found);
  }

  #takeIf(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #fail(wanted: string, found = this.#peek()): never {
    throw new Error(`not PromQL: expected ${wanted}, found ${found || 'the end'} in ${this.#tokens.join(' ')}`);
  }
}
