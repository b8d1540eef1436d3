// Objects to the text of a YAML file: the same objects always give the same text. Written for readers of YAML 1.1 (kubectl), where `on`,
// `0123` and `12:30` are no strings unless they are quoted.
import { Document, isMap, isScalar, isSeq } from 'yaml';

/** One document of a file. */
export interface YamlDocument {
  readonly value: object;
  /** Stands before the document, without `#`; may have several lines. */
  readonly comment?: string;
  /** Comments before fields, by their path: `spec.replicas`, `items.0.name`. */
  readonly fieldComments?: Readonly<Record<string, string>>;
}

/** The text of a file with these documents. */
export function toYaml(documents: readonly YamlDocument[]): string {
  return documents.map(toText).join('---\n');
}

/** The same without any comment. */
export function objectsToYaml(objects: readonly object[]): string {
  return toYaml(objects.map((value) => ({ value })));
}

function toText({ value, comment, fieldComments = {} }: YamlDocument): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  for (const [path, text] of Object.entries(fieldComments)) annotate(document, path.split('.'), text);
  const head = comment === undefined ? '' : `${asComment(comment).replace(/^/gm, '#')}\n`;
  return head + document.toString({ lineWidth: 0, singleQuote: true });
}

function annotate(document: Document, path: readonly string[], comment: string): void {
  const name = path.at(-1) ?? '';
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1).map(toKey));
  if (isSeq(parent)) {
    const item = parent.items[Number(name)] as { commentBefore?: string } | undefined;
    if (item) item.commentBefore = asComment(comment);
    return;
  }
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => (isScalar(key) ? key.value === name : key === name))
    : undefined;
  // A comment that no longer has its field must not vanish in silence.
  if (pair === undefined || !isScalar(pair.key)) throw new Error(`there is no field ${path.join('.')} to comment on`);
  pair.key.commentBefore = asComment(comment);
}

function toKey(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

function asComment(text: string): string {
  return text
    .split('\n')
    .map((line) => ` ${line}`.trimEnd())
    .join('\n');
}
