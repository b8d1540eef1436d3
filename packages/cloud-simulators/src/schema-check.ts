// Checks request bodies against JSON schemas: unknown fields and wrong types are mistakes of the client that a real API may let pass
// silently, so they are kept for tests to look at.
import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';

/** A request that does not fit the API's description. */
export interface SchemaProblem {
  readonly method: string;
  readonly path: string;
  /** `body/forwarding_rules/0/entry_port must be integer`. */
  readonly problem: string;
}

/** A JSON schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Compiled schemas by route name (`POST /v2/tags`). */
export type RequestValidators = ReadonlyMap<string, ValidateFunction>;

/** Compiles schemas; done once per cloud, because it is slow. */
export function compileSchemas(schemas: Readonly<Record<string, JsonSchema>>): RequestValidators {
  const ajv = new Ajv({ allErrors: true, strict: true });
  return new Map(Object.entries(schemas).map(([route, schema]) => [route, ajv.compile(schema)]));
}

/** The checks of one simulator. */
export class SchemaCheck {
  readonly problems: SchemaProblem[] = [];
  readonly #validators: RequestValidators;

  constructor(validators: RequestValidators) {
    this.#validators = validators;
  }

  /** Notes a mistake. */
  note(problem: SchemaProblem): void {
    this.problems.push(problem);
  }

  /** The first mistake in a body, all of them being noted; `undefined` when it fits. A route without schema takes no body. */
  check(
    request: { readonly method: string; readonly path: string; readonly body: unknown },
    route: string,
  ): string | undefined {
    const { method, path, body } = request;
    const texts = this.#problemsOf(body, this.#validators.get(route));
    for (const problem of texts) this.note({ method, path, problem });
    return texts[0];
  }

  #problemsOf(body: unknown, validate: ValidateFunction | undefined): readonly string[] {
    if (validate === undefined) return body === undefined ? [] : ['body: this call takes none'];
    return validate(body) ? [] : (validate.errors ?? []).map(wordingOf);
  }
}

function wordingOf({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty } = params as { readonly additionalProperty?: unknown };
  const field = typeof additionalProperty === 'string' ? `/${additionalProperty}` : '';
  return field === '' ? `body${instancePath} ${message ?? ''}` : `body${instancePath}${field} is unknown`;
}
