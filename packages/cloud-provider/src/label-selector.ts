// Kubernetes' text form of label selectors: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, with commas between. Pure; for
// settings and annotations in which users select Nodes.

/** Whether an object with these labels is selected. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

// As the API server checks labels: an optional DNS name, a slash, and 63 characters.
const KEY = String.raw`(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?`;
const VALUE = String.raw`(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?`;
const VALUES = String.raw`\(\s*(${VALUE}(?:\s*,\s*${VALUE})*)\s*\)`;
const NUMBER = String.raw`-?\d{1,15}`;

type Form = readonly [RegExp, (key: string, value: string) => LabelSelector];

// In Kubernetes `!=` and `notin` also select what has no such label at all.
const FORMS: readonly Form[] = [
  [new RegExp(`^!\\s*(${KEY})$`), (key) => (labels) => labels[key] === undefined],
  [new RegExp(`^(${KEY})$`), (key) => (labels) => labels[key] !== undefined],
  [new RegExp(`^(${KEY})\\s*={1,2}\\s*(${VALUE})$`), (key, value) => (labels) => labels[key] === value],
  [new RegExp(`^(${KEY})\\s*!=\\s*(${VALUE})$`), (key, value) => (labels) => labels[key] !== value],
  [
    new RegExp(`^(${KEY})\\s+in\\s*${VALUES}$`),
    (key, values) => (labels) => labels[key] !== undefined && listOf(values).includes(labels[key]),
  ],
  [
    new RegExp(`^(${KEY})\\s+notin\\s*${VALUES}$`),
    (key, values) => (labels) => labels[key] === undefined || !listOf(values).includes(labels[key]),
  ],
  [new RegExp(`^(${KEY})\\s*>\\s*(${NUMBER})$`), (key, bound) => (labels) => numberOf(labels[key]) > Number(bound)],
  [new RegExp(`^(${KEY})\\s*<\\s*(${NUMBER})$`), (key, bound) => (labels) => numberOf(labels[key]) < Number(bound)],
];

/** Reads a selector; undefined for what is none. An empty text selects everything. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  if (text.trim() === '') return () => true;
  // Commas inside parentheses separate values, not requirements.
  const parts = text.split(/,(?![^(]*\))/).map((part) => parseRequirement(part.trim()));
  const requirements = parts.filter((part) => part !== undefined);
  return requirements.length === parts.length ? (labels) => requirements.every((holds) => holds(labels)) : undefined;
}

function parseRequirement(text: string): LabelSelector | undefined {
  for (const [form, make] of FORMS) {
    const match = form.exec(text);
    if (match) return make(match[1] ?? '', match[2] ?? '');
  }
  return undefined;
}

function listOf(values: string): readonly string[] {
  return values.split(',').map((value) => value.trim());
}

// Not a number: neither greater nor less than anything.
function numberOf(value: string | undefined): number {
  return value !== undefined && /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
}
