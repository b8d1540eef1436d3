// Reference pages out of the tables of the code: flags and metrics as Markdown. Specs compare the pages under docs/ with them, so that
// neither can change alone. Used by tests and by whoever writes a provider with docs of its own.
import type { Counter, Gauge, Histogram, MetricSpec, Metrics } from '@longshore/reconciler-core';
import type { Flag } from './flag-kinds.ts';
import type { FlagTable } from './flags.ts';

/** One Markdown table for each group of flags. */
export function flagsMarkdown(table: FlagTable): string {
  const groups = new Map<string, string[]>();
  for (const [name, flag] of Object.entries(table)) {
    const group = flag.group ?? 'Generic';
    groups.set(group, [...(groups.get(group) ?? []), flagRow(name, flag)]);
  }
  const tables = [...groups].map(([group, rows]) =>
    [`### ${group}`, '', '| flag | default | effect |', '|---|---|---|', ...rows].join('\n'),
  );
  return tables.join('\n\n');
}

function flagRow(name: string, flag: Flag<unknown>): string {
  const initial = flag.isSecret ? '' : flag.format(flag.default);
  const names = flag.short === undefined ? `\`--${name}\`` : `\`-${flag.short}\`, \`--${name}\``;
  const effect = flag.withoutEffect === undefined ? flag.help : `*accepted without effect:* ${flag.withoutEffect}`;
  const deprecated = flag.deprecated === undefined ? '' : ` *Deprecated:* ${flag.deprecated}`;
  return `| ${names} | ${initial === '' ? '–' : `\`${initial}\``} | ${inCell(effect + deprecated)} |`;
}

/** Metrics that only remember what was asked for. */
export class MetricsCatalogue implements Metrics {
  readonly #entries = new Map<string, { readonly kind: string; readonly spec: MetricSpec }>();

  counter(spec: MetricSpec): Counter {
    this.#entries.set(spec.name, { kind: 'counter', spec });
    return { inc() {} };
  }

  gauge(spec: MetricSpec): Gauge {
    this.#entries.set(spec.name, { kind: 'gauge', spec });
    return { set() {}, remove() {} };
  }

  histogram(spec: MetricSpec): Histogram {
    this.#entries.set(spec.name, { kind: 'histogram', spec });
    return { observe() {} };
  }

  onScrape(): void {}

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** One Markdown table of all metrics that were asked for, by name. */
  markdown(): string {
    const rows = [...this.#entries.values()]
      .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1))
      .map(({ kind, spec }) => {
        const labels = (spec.labels ?? []).map((label) => `\`${label}\``).join(', ');
        return `| \`${spec.name}\` | ${kind} | ${labels || '–'} | ${inCell(spec.help)} |`;
      });
    return ['| metric | kind | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
  }
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*.', '\\*.');
}

/** The generated part of a page: what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`. */
export function sectionOf(page: string, name: string): string | undefined {
  const [begin, end] = [`<!-- begin ${name} -->\n`, `\n<!-- end ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  return from < 0 || to < 0 ? undefined : page.slice(from + begin.length, to).trim();
}

/** The page with another text in that part. */
export function withSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin ${name} -->\n`, `\n<!-- end ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`the page has no section ${name}`);
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}
