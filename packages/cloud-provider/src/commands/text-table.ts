// Lays out rows of text for a terminal: columns as wide as needed up to a limit, longer cells wrap at spaces. Pure.

/** One column. */
export interface Column {
  readonly title: string;
  /** Longer cells wrap; a single word that is longer stays whole. */
  readonly widest: number;
}

const GAP = '  ';

/** The table with a title line; no trailing spaces. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const titles = columns.map(({ title }) => [title]);
  const cells = rows.map((row) => columns.map(({ widest }, index) => wrap(oneLine(row[index] ?? ''), widest)));
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...cells].flatMap((row) => row[index] ?? []).map((line) => line.length)),
  );
  return [titles, ...cells].flatMap((row) => linesOf(row, widths));
}

/** The text at most `widest` wide where its spaces allow it. */
export function wrap(text: string, widest: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > widest) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The text without control characters: names and messages come from annotations and clouds, terminals obey what they contain. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

function linesOf(row: readonly (readonly string[])[], widths: readonly number[]): readonly string[] {
  const height = Math.max(...row.map((cell) => cell.length));
  return Array.from({ length: height }, (_, line) =>
    row
      .map((cell, index) => (cell[line] ?? '').padEnd(widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}
