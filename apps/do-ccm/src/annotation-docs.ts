// The table of annotations as the page docs/annotations/digitalocean.md. Pure; print-annotations.ts writes the page, a spec compares it.
import { ANNOTATIONS } from './annotations.ts';
import type { Annotation } from './annotations.ts';

const INTRODUCTION = `# Service annotations of do-ccm

<!-- Written by apps/do-ccm/src/print-annotations.ts from apps/do-ccm/src/annotations.ts: change the table there, not here. -->

Put these on a Service of type LoadBalancer. They are the annotations of DigitalOcean's Go program, so existing manifests keep working.

- Quote booleans and numbers: Kubernetes takes text only.
- A value that is not allowed is told by an event on the Service and leaves a running balancer as it is; it never silently becomes the
  default. \`do-ccm explain service NAMESPACE/NAME\` shows what is wrong and what would be done.
- An annotation that is removed sets its default again; where the third column says so, the balancer keeps what it has.
- *Addition*: the Go program does not know this annotation and ignores it.
- A key that looks like one of these and is none is told by an event that names the nearest one.

| Annotation | Values | Without it | Meaning |
| --- | --- | --- | --- |`;

/** The page. */
export function annotationsPage(): string {
  const rows = Object.values<Annotation<unknown>>(ANNOTATIONS).map(rowOf);
  return `${[INTRODUCTION, ...rows].join('\n')}\n`;
}

function rowOf({ key, kind, fallback, doc, isAddition }: Annotation<unknown>): string {
  const meaning = isAddition ? `*Addition.* ${doc}` : doc;
  return `| ${[`\`${key}\``, kind.values, fallback, meaning].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
