// The rules of annotations as CEL, so that the API server itself can apply them. Pure; from the same table as everything else about
// annotations. A spec compares both on a real API server: a text that `parse` takes has to pass here, and the other way round.
import { ANNOTATIONS } from '../annotations.ts';
import type { Annotation } from '../annotations.ts';
import type { ValueKind, ValueShape } from '../annotation-values.ts';

/** One check of the policy. */
export interface PolicyRule {
  readonly key: string;
  /** True when the Service may have this annotation. */
  readonly expression: string;
  /** CEL of the sentence with the value in it. */
  readonly messageExpression: string;
  /** The sentence without the value, for when the other cannot be made. */
  readonly message: string;
}

/** A rule for each annotation that not every text is a value of. */
export function policyRules(): readonly PolicyRule[] {
  return Object.values<Annotation<unknown>>(ANNOTATIONS).flatMap(({ key, kind, isForgiving }) => {
    const rule = celOf(kind, 'v');
    if (rule === undefined || isForgiving === true) return [];
    const value = `variables.annotations[${quoted(key)}]`;
    const use = `is not allowed, use ${kind.values.replaceAll('`', '')}`;
    return [
      {
        key,
        expression: `!(${quoted(key)} in variables.changed) || [${value}].all(v, ${rule})`,
        messageExpression: `${quoted(`annotation ${key}: `)} + strings.quote(${shortened(value)}) + ${quoted(` ${use}`)}`,
        message: `annotation ${key}: the value ${use}`,
      },
    ];
  });
}

/** CEL that is true when the text in this variable is a value; undefined when every text is one. */
export function celOf(kind: Pick<ValueKind<unknown>, 'shape' | 'isEmptyAbsent'>, variable: string): string | undefined {
  const rule = celOfShape(kind.shape, variable);
  if (rule === undefined) return undefined;
  return kind.isEmptyAbsent ? `${variable}.trim() == "" || (${rule})` : rule;
}

function celOfShape(shape: ValueShape, v: string): string | undefined {
  switch (shape.kind) {
    case 'any':
      return undefined;
    case 'words':
      return `${v} in [${shape.words.map(quoted).join(', ')}]`;
    case 'integer':
      return integer(v, shape);
    case 'list':
      return `${v}.split(",").all(item, ${shape.of === 'port' ? integer('item', PORT) : firewallRule('item.trim()')})`;
    case 'length':
      return `size(${v}) >= ${shape.least} && size(${v}) <= ${shape.most}`;
    default:
      return celOfForm(shape.kind, v);
  }
}

type Form = Exclude<ValueShape['kind'], 'any' | 'words' | 'integer' | 'list' | 'length'>;

function celOfForm(form: Form, v: string): string {
  switch (form) {
    case 'hostname':
      return dnsName(`${v}.trim()`);
    case 'ipv4':
      return `isIP(${v}.trim()) && ip(${v}.trim()).family() == 4`;
    case 'uuid':
      return `${v}.trim().lowerAscii().matches("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")`;
    case 'distinct-texts':
      return withItems(v, `items.all(item, item != "") && ${distinct('items')}`);
    case 'domains':
      return withItems(v, `items.all(item, item.matches("^[^:]+(:.+)?$") && ${dnsName(`${LEFT}.trim()`)})`);
    case 'port-certificates': {
      const isEntry = `item.matches("^[0-9]{1,9}:.+$") && ${between(`int(${LEFT})`, PORT)}`;
      return withItems(v, `items.all(item, ${isEntry}) && ${distinct(`items.map(item, int(${LEFT}))`)}`);
    }
    case 'region-priorities': {
      const isEntry = `item.matches("^[a-z0-9]+:[0-9]{1,9}$") && ${between('int(item.split(":")[1])', PRIORITY)}`;
      return withItems(v, `items.all(item, ${isEntry}) && ${distinct(`items.map(item, ${LEFT})`)}`);
    }
  }
}

/** What stands before the colon of an item. */
const LEFT = 'item.split(":")[0]';
const PRIORITY = { least: 1, most: 999 };
const PORT = { least: 1, most: 65_535 };
const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';

function integer(v: string, range: Range): string {
  return `${v}.trim().matches("^[+-]?[0-9]{1,9}$") && ${between(`int(${v}.trim())`, range)}`;
}

interface Range {
  readonly least: number;
  readonly most: number;
}

function between(number: string, { least, most }: Range): string {
  return `${number} >= ${least} && ${number} <= ${most}`;
}

function dnsName(v: string): string {
  return `size(${v}) <= 253 && ${v}.lowerAscii().matches(${quoted(`^${LABEL}([.]${LABEL})*$`)})`;
}

/** The rule about `items`, the trimmed parts between commas. */
function withItems(v: string, rule: string): string {
  return `[${v}.split(",").map(part, part.trim())].all(items, ${rule})`;
}

function distinct(list: string): string {
  return `[${list}].all(keys, keys.all(key, keys.exists_one(other, other == key)))`;
}

// CEL's own functions refuse zones and IPv4 inside IPv6 in hexadecimal digits; the test for a dot, the one with dots.
function firewallRule(v: string): string {
  const [address, network] = [`${v}.substring(3)`, `${v}.substring(5)`];
  const ip = `isIP(${address}) && (ip(${address}).family() == 4 || !${address}.contains("."))`;
  const cidr = `isCIDR(${network}) && (cidr(${network}).ip().family() == 4 || !${network}.contains("."))`;
  return `${v}.startsWith("ip:") ? ${ip} : ${v}.startsWith("cidr:") && ${cidr}`;
}

// As in the event (annotations.ts).
function shortened(value: string): string {
  return `size(${value}) > 80 ? ${value}.substring(0, 80) + "…" : ${value}`;
}

/** A text as CEL; ours have nothing in them that JSON and CEL write differently. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
