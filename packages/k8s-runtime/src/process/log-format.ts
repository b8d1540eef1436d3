// How a log line looks: klog's text form and the JSON form of Kubernetes' `--logging-format=json`. Pure; called by log.ts.
import type { LogFields } from '@longshore/reconciler-core';

/** One line before it is text. `error` lines have no verbosity level. */
export interface LogEntry {
  readonly severity: 'error' | 'warn' | 'info';
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly fields: LogFields;
}

const severityLetter = { error: 'E', warn: 'W', info: 'I' } as const;
const two = (value: number): string => String(value).padStart(2, '0');

/** `I1121 10:02:58.123456   12345 node] "message" key="value"`; a value with line breaks becomes an indented block. */
export function toKlogText(entry: LogEntry, now: Date, pid: number): string {
  const date = `${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const micros = `${String(now.getMilliseconds()).padStart(3, '0')}000`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${micros}`;
  const head = `${severityLetter[entry.severity]}${date} ${time} ${String(pid).padStart(7)} ${entry.name}]`;
  const fields = orderedFields(entry.fields).map(([key, value]) => ` ${key}=${textValue(value)}`);
  return `${head} ${JSON.stringify(entry.message)}${fields.join('')}`;
}

/** `{"ts":1580306777047.28,"logger":"node","msg":"message","v":0,"key":"value"}`; errors carry `err` and no `v`. */
export function toJsonLine(entry: LogEntry, now: Date): string {
  const level = entry.severity === 'error' ? {} : { v: entry.level };
  const warning = entry.severity === 'warn' ? { severity: 'warning' } : {};
  const own = { ts: now.getTime(), logger: entry.name, msg: entry.message, ...level, ...warning };
  return toJson({ ...own, ...Object.fromEntries(orderedFields(entry.fields)), ...own });
}

/** As logr does, the error comes first and is called `err`. */
function orderedFields(fields: LogFields): readonly (readonly [string, unknown])[] {
  const { error, ...others } = fields;
  const rest = Object.entries(others).filter(([, value]) => value !== undefined);
  return error === undefined ? rest : [['err', error], ...rest];
}

function textValue(value: unknown): string {
  const plain = plainValue(value);
  if (typeof plain !== 'string') return toJson(plain);
  if (!plain.includes('\n')) return JSON.stringify(plain);
  const lines = plain.replace(/\n$/, '').split('\n');
  return `<\n${lines.map((line) => `\t${line}\n`).join('')} >`;
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return messageWithCauses(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (value instanceof Set) return [...value] as unknown[];
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>);
  return typeof value === 'function' ? '<function>' : value;
}

function messageWithCauses(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error) || error.message.includes(cause.message)) return error.message || error.name;
  return `${error.message}: ${messageWithCauses(cause)}`;
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, item: unknown) => plainValue(item)) ?? 'null';
  } catch (error) {
    return JSON.stringify(`<not shown: ${(error as Error).message}>`);
  }
}
