// The table of annotations as the page docs/annotations/digitalocean.md. Pure; print-annotations.ts writes the page, a spec compares it.
import { ANNOTATIONS } from './annotations.ts';
import type { Annotation } from './annotations.ts';

const INTRODUCTION = `# Service annotations of do-ccm

<!-- Written by apps/do-ccm/src/print-annotations.ts from apps/do-ccm/src/annotations.ts: change the table there, not here. -->

Put these on a Service of type LoadBalancer. They are the annotations of DigitalOcean's Go program, so existing manifests keep working.

- Quote booleans and numbers: Kubernetes takes text only.
- A value that is not allowed is told by an event on the Service and leaves a running balancer as it is; it never silently becomes the
  default. \`do-ccm explain service NAMESPACE/NAME\` shows what is wrong and what would be done.
- An annotation that is removed sets its default again.

| Annotation | Values | Without it | Meaning |
| --- | --- | --- | --- |`;

/** The page. */
export function annotationsPage(): string {
  const rows = Object.values<Annotation<unknown>>(ANNOTATIONS).map(rowOf);
  return `${[INTRODUCTION, ...rows].join('\n')}\n`;
}

function rowOf({ key, kind, fallback, doc }: Annotation<unknown>): string {
  return `| ${[`\`${key}\``, kind.values, fallback, doc].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
