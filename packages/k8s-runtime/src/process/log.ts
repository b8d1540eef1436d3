// The logger of every program, on winston (the only file that imports it). Text as klog writes it, or JSON; secrets are replaced.
// Errors are written before the call returns, other lines 20 ms later or at the end of the process: none is lost by an exit.
import type { LogFields, Logger } from '@longshore/reconciler-core';
import winston from 'winston';
import { GatheredLines } from './gathered-lines.ts';
import { toJsonLine, toKlogText } from './log-format.ts';
import type { LogEntry } from './log-format.ts';
import type { SecretRedactor } from './secrets.ts';
import { Verbosity } from './verbosity.ts';
import type { VmoduleRule } from './verbosity.ts';

/** How a program logs. */
export interface LogOptions {
  readonly format: 'text' | 'json';
  /** `-v`. */
  readonly verbosity: number;
  readonly vmodule?: readonly VmoduleRule[];
  /** Shown in place of klog's file name until a child sets the field `name`. */
  readonly name?: string;
  readonly secrets?: SecretRedactor;
  /** Receives whole lines; standard error when absent. */
  readonly stream?: { write(text: string): unknown };
  /** For tests. */
  readonly now?: () => Date;
}

/** The logger of the program itself, whose verbosity can be changed. */
export interface RootLogger extends Logger {
  readonly verbosity: Verbosity;
}

interface Sink {
  readonly write: (entry: LogEntry) => void;
  readonly levels: Verbosity;
}

type WriteLine = (text: string, severity: string) => unknown;

const levels = { error: 0, warn: 1, info: 2 };
const MESSAGE = Symbol.for('message');

/** Makes the program's logger; libraries get children of it (`log.child({ name: 'lease' })`). */
export function createLogger(options: LogOptions): RootLogger {
  const verbosity = new Verbosity(options.verbosity, options.vmodule);
  const sink = winston.createLogger({
    levels,
    level: 'info',
    format: winston.format((record) => ({ ...record, [MESSAGE]: lineOf(record.entry as LogEntry, options) }))(),
    transports: [lineTransport(options.stream ? (text) => options.stream?.write(text) : standardError())],
  });
  const write = (entry: LogEntry): void => void sink.log({ level: entry.severity, message: entry.message, entry });
  return Object.assign(new WinstonLogger({ write, levels: verbosity }, options.name ?? 'main', {}), { verbosity });
}

function lineOf(entry: LogEntry, { format, now, secrets }: LogOptions): string {
  const time = now?.() ?? new Date();
  const line = format === 'json' ? toJsonLine(entry, time) : toKlogText(entry, time, process.pid);
  return secrets?.redact(line) ?? line;
}

// The declarations name this class `transport`, the module `Transport`.
const { Transport } = winston as unknown as {
  readonly Transport: new (options: {
    log(record: Readonly<Record<symbol, string>> & { readonly level: string }, done: () => void): void;
  }) => Exclude<winston.LoggerOptions['transports'], readonly unknown[] | undefined>;
};

function standardError(): WriteLine {
  const lines = new GatheredLines();
  return (text, severity) => {
    lines.add(text);
    if (severity === 'error') lines.flush();
  };
}

function lineTransport(write: WriteLine): InstanceType<typeof Transport> {
  return new Transport({
    log(record, done) {
      write(`${record[MESSAGE] ?? ''}\n`, record.level);
      done();
    },
  });
}

class WinstonLogger implements Logger {
  readonly #write: (entry: LogEntry) => void;
  readonly #levels: Verbosity;
  readonly #name: string;
  readonly #fields: LogFields;

  constructor(sink: Sink, name: string, fields: LogFields) {
    this.#write = sink.write;
    this.#levels = sink.levels;
    this.#name = name;
    this.#fields = fields;
  }

  error(message: string, fields?: LogFields): void {
    this.#line('error', 0, message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#line('warn', 0, message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#line('info', 0, message, fields);
  }

  verbose(level: number, message: string, fields?: LogFields): void {
    if (this.isVerbose(level)) this.#line('info', level, message, fields);
  }

  isVerbose(level: number): boolean {
    return this.#levels.isShown(level, this.#name);
  }

  child(fields: LogFields): Logger {
    const { name, ...others } = fields;
    const sink = { write: this.#write, levels: this.#levels };
    return new WinstonLogger(sink, typeof name === 'string' ? name : this.#name, { ...this.#fields, ...others });
  }

  #line(severity: LogEntry['severity'], level: number, message: string, fields: LogFields | undefined): void {
    this.#write({ severity, level, name: this.#name, message, fields: { ...this.#fields, ...fields } });
  }
}
