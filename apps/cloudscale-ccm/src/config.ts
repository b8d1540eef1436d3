// The environment as a value, and the only file that knows variable names: VARIABLES is the whole table. `parseConfig` is pure and reports
// every problem at once; provider.ts turns the Config into clients. Names and meanings are those of the Go program.
import type { Problem } from '@longshore/cloud-provider';
import { CLOUDSCALE_URL, DEFAULT_TIMEOUT_MS } from '@longshore/cloudscale-api';
import { never, OperatorError } from '@longshore/reconciler-core';

/** The environment of the process, or a test's. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that the environment says. */
export interface Config {
  readonly token: { readonly kind: 'value'; readonly token: string } | { readonly kind: 'file'; readonly path: string };
  readonly apiUrl: string;
  readonly timeoutMs: number;
  /** Absent: balancers get no cluster tag, and orphans cannot be told. */
  readonly clusterId: string | undefined;
}

/** One variable, for README and docs. */
export interface Variable {
  readonly name: string;
  readonly meaning: string;
  readonly usual: string;
}

/** All variables. */
export const VARIABLES: readonly Variable[] = [
  { name: 'CLOUDSCALE_ACCESS_TOKEN', meaning: 'API token with read and write access', usual: 'required, or the next' },
  {
    name: 'CLOUDSCALE_ACCESS_TOKEN_FILE',
    meaning: 'path of a file with the token; a rotated token needs no restart',
    usual: '–',
  },
  {
    name: 'CLOUDSCALE_API_URL',
    meaning: 'base URL of the API, with or without `/v1`',
    usual: `\`${CLOUDSCALE_URL}\``,
  },
  {
    name: 'CLOUDSCALE_API_TIMEOUT',
    meaning: 'seconds that one call may take; what is no whole number above 0 counts as none',
    usual: `${DEFAULT_TIMEOUT_MS / 1000}`,
  },
  {
    name: 'CLOUDSCALE_CLUSTER_ID',
    meaning: 'name of the cluster in the tags of what is created; the command `orphans` goes by it',
    usual: 'no tag',
  },
];

/** Reads the environment; an array is the list of everything that is wrong with it. */
export function parseConfig(env: Environment): Config | readonly Problem[] {
  const problems: Problem[] = [];
  const config: Config = {
    token: readToken(env, problems),
    apiUrl: readUrl(env, problems),
    timeoutMs: timeoutMsOf(textOf(env, 'CLOUDSCALE_API_TIMEOUT')),
    clusterId: readClusterId(env, problems),
  };
  return problems.length > 0 ? problems : config;
}

/** Problems of the environment as the error that ends the process. */
export function configError(problems: readonly Problem[]): OperatorError {
  return new OperatorError('CONFIG_INVALID', problems.map(({ message }) => message).join('; '), never);
}

/** Variables whose values must never be shown. */
export function secretsOf(env: Environment): readonly string[] {
  const token = textOf(env, 'CLOUDSCALE_ACCESS_TOKEN');
  return token === '' ? [] : [token];
}

/** The token as the log shows it, for telling tokens apart: four characters, and a star for each other one. */
export function maskToken(token: string): string {
  return token.length < 4 ? '' : token.slice(0, 4) + '*'.repeat(token.length - 4);
}

/** Whole seconds above 0; anything else is the default, as in the Go program. */
export function timeoutMsOf(text: string): number {
  const isWhole = /^\+?\d{1,6}$/.test(text);
  return isWhole && Number(text) > 0 ? Number(text) * 1000 : DEFAULT_TIMEOUT_MS;
}

// Values are trimmed: a Secret made from a file ends in a newline. Empty counts as unset.
function textOf(env: Environment, name: string): string {
  return env[name]?.trim() ?? '';
}

function readToken(env: Environment, problems: Problem[]): Config['token'] {
  const token = textOf(env, 'CLOUDSCALE_ACCESS_TOKEN');
  const path = textOf(env, 'CLOUDSCALE_ACCESS_TOKEN_FILE');
  const refuse = (message: string): void => {
    problems.push({ field: 'CLOUDSCALE_ACCESS_TOKEN', message, severity: 'error' });
  };
  if (token !== '' && path !== '') {
    refuse('set only one of the environment variables CLOUDSCALE_ACCESS_TOKEN and CLOUDSCALE_ACCESS_TOKEN_FILE');
  }
  if (path !== '') return { kind: 'file', path };
  if (token === '') {
    refuse(
      'no CLOUDSCALE_ACCESS_TOKEN configured: set this environment variable to an API token with read and write access (or CLOUDSCALE_ACCESS_TOKEN_FILE to the path of a file with it)',
    );
  } else if (!/^[A-Za-z0-9\-._]+$/.test(token)) {
    refuse('environment variable CLOUDSCALE_ACCESS_TOKEN: the token has a character that no token has');
  }
  return { kind: 'value', token };
}

function readUrl(env: Environment, problems: Problem[]): string {
  const text = textOf(env, 'CLOUDSCALE_API_URL');
  if (text === '') return CLOUDSCALE_URL;
  const url = URL.parse(text);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url !== null && isHttp && url.username === '' && url.password === '') return text;
  const field = 'CLOUDSCALE_API_URL';
  const use = isHttp ? 'a URL without user and password' : 'an http or https URL';
  // The text itself may hold a password.
  problems.push({
    field,
    message: `environment variable ${field} is not allowed as it is, use ${use}`,
    severity: 'error',
  });
  return CLOUDSCALE_URL;
}

function readClusterId(env: Environment, problems: Problem[]): string | undefined {
  const field = 'CLOUDSCALE_CLUSTER_ID';
  const value = textOf(env, field);
  if (value === '') return undefined;
  if (/^[A-Za-z0-9._-]{1,63}$/.test(value)) return value;
  const message = `environment variable ${field}: ${JSON.stringify(value)} is not allowed, use up to 63 letters, digits, ".", "_" and "-" (it becomes a tag)`;
  problems.push({ field, value, message, severity: 'error' });
  return undefined;
}
