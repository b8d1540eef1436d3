// Finds where a text stops being JSON. JSON.parse says it too, but quotes what stands there, and a file with an API key must not end up in
// an error message. Pure.

/** Line and column, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

// One token; white space before it is skipped by the caller. Sticky: matches at lastIndex or not at all.
const TOKEN =
  /([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

type State = 'value' | 'item' | 'firstKey' | 'key' | 'colon' | 'inObject' | 'inArray';
type Step = State | 'openObject' | 'openArray' | 'close' | 'done';

const VALUE = { '{': 'openObject', '[': 'openArray', string: 'done', word: 'done' } as const;

// What may come in which state, and what it leads to.
const STEPS: Readonly<Record<State, Readonly<Record<string, Step>>>> = {
  value: VALUE,
  item: { ...VALUE, ']': 'close' },
  firstKey: { string: 'colon', '}': 'close' },
  key: { string: 'colon' },
  colon: { ':': 'value' },
  inObject: { ',': 'key', '}': 'close' },
  inArray: { ',': 'value', ']': 'close' },
};

/** Where the text stops being JSON; `undefined` when it is JSON. */
export function findJsonError(text: string): Position | undefined {
  // A stack of open brackets instead of recursion: a deep file must not overflow the call stack.
  const open: ('inObject' | 'inArray')[] = [];
  let state: State | undefined = 'value';
  let at = skipSpace(text, 0);
  while (state !== undefined) {
    const token = tokenAt(text, at);
    const step: Step | undefined = token && STEPS[state][token.kind];
    if (token === undefined || step === undefined) return positionOf(text, at);
    state = enter(step, open);
    at = skipSpace(text, token.end);
  }
  return at === text.length ? undefined : positionOf(text, at);
}

// The state after a step; `undefined` when the outermost value is complete.
function enter(step: Step, open: ('inObject' | 'inArray')[]): State | undefined {
  switch (step) {
    case 'openObject':
      open.push('inObject');
      return 'firstKey';
    case 'openArray':
      open.push('inArray');
      return 'item';
    case 'close':
      open.pop();
      return open.at(-1);
    case 'done':
      return open.at(-1);
    default:
      return step;
  }
}

function tokenAt(text: string, at: number): { readonly kind: string; readonly end: number } | undefined {
  TOKEN.lastIndex = at;
  const match = TOKEN.exec(text);
  if (match === null) return undefined;
  const [whole, mark, string] = match;
  return { kind: mark ?? (string === undefined ? 'word' : 'string'), end: at + whole.length };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1;
  return at;
}

function positionOf(text: string, offset: number): Position {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
