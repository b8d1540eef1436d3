// /etc/multipath/bindings: which name under /dev/mapper a disk has, a line `name wwid` each. Pure. Other lines are somebody else's and stay.

/** The file's text with the line of this map; the same text when it is there already. */
export function withBinding(text: string, { name, wwid }: Binding): string {
  if (parseBindings(text).some((binding) => binding.name === name && binding.wwid === wwid)) return text;
  const kept = linesWithout(text, (binding) => binding.name === name || binding.wwid === wwid);
  return joinLines([...kept, `${name} ${wwid}`]);
}

/** The file's text without the lines of this map. */
export function withoutBinding(text: string, name: string): string {
  if (!parseBindings(text).some((binding) => binding.name === name)) return text;
  return joinLines(linesWithout(text, (binding) => binding.name === name));
}

/** One line. */
export interface Binding {
  readonly name: string;
  readonly wwid: string;
}

/** All lines that are bindings. */
export function parseBindings(text: string): readonly Binding[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): Binding | undefined {
  const [, name, wwid] = /^\s*([^\s#]\S*)\s+(\S+)\s*$/.exec(line) ?? [];
  return name !== undefined && wwid !== undefined ? { name, wwid } : undefined;
}

function linesWithout(text: string, isLeftOut: (binding: Binding) => boolean): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.filter((line) => {
    const binding = parseLine(line);
    return binding === undefined || !isLeftOut(binding);
  });
}

function joinLines(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
