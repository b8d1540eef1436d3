// Flags of logging, as every Kubernetes component has them, and the logger that they ask for.
import { createLogger } from './log.ts';
import type { RootLogger } from './log.ts';
import { atLeast, boolFlag, durationFlag, enumFlag, intFlag, stringFlag } from './flag-kinds.ts';
import { defineFlags } from './flags.ts';
import type { FlagValues } from './flags.ts';
import { isProblem } from './problem.ts';
import type { SecretRedactor } from './secrets.ts';
import { parseVmodule } from './verbosity.ts';

const group = 'Logging';
const unbuffered = 'every line is written at once to standard error';

/** `-v`, `--vmodule`, `--logging-format` and the ones that change nothing here. */
export const loggingFlags = defineFlags({
  v: intFlag({
    default: 0,
    short: 'v',
    group,
    help: 'Log level verbosity: 2 for operators, 4 for debugging.',
    validate: atLeast(0),
  }),
  vmodule: stringFlag({
    group,
    help: 'Comma-separated list of pattern=N settings that raise the verbosity of the loggers whose name matches (node*=4,lease=2).',
    validate: (text) => {
      const rules = parseVmodule(text);
      return isProblem(rules) ? rules.problem : undefined;
    },
  }),
  'logging-format': enumFlag({ default: 'text', values: ['text', 'json'], group, help: 'Sets the log format.' }),
  'log-flush-frequency': durationFlag({
    default: '5s',
    group,
    help: 'Maximum time between log flushes.',
    withoutEffect: unbuffered,
  }),
  'log-text-split-stream': boolFlag({
    default: false,
    group,
    help: 'In text format, write errors to stderr and the rest to stdout.',
    withoutEffect: unbuffered,
  }),
  'log-text-info-buffer-size': stringFlag({
    default: '0',
    group,
    help: 'In text format with split streams, buffer for info messages.',
    withoutEffect: unbuffered,
  }),
  'log-json-split-stream': boolFlag({
    default: false,
    group,
    help: 'In JSON format, write errors to stderr and the rest to stdout.',
    withoutEffect: unbuffered,
  }),
  'log-json-info-buffer-size': stringFlag({
    default: '0',
    group,
    help: 'In JSON format with split streams, buffer for info messages.',
    withoutEffect: unbuffered,
  }),
});

/** The logger that these flag values ask for. */
export function loggerFromFlags(
  values: FlagValues<typeof loggingFlags>,
  { name, secrets }: { readonly name: string; readonly secrets: SecretRedactor },
): RootLogger {
  const rules = parseVmodule(values.vmodule);
  const vmodule = isProblem(rules) ? [] : rules;
  return createLogger({ format: values['logging-format'], verbosity: values.v, vmodule, name, secrets });
}
