// The structural OpenAPI v3 subset that CRDs are written in, and one function per shape. Every field has a description: `kubectl explain`
// is the reference of this API.

/** A structural schema of apiextensions v1, as far as ours need it. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly format?: 'int32' | 'int64' | 'date-time';
  readonly minimum?: number;
  readonly default?: number;
  readonly enum?: readonly string[];
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-int-or-string'?: true;
}

/** Fields of an object. */
export type Fields = Readonly<Record<string, Schema>>;

/** A string. */
export const text = (description: string): Schema => ({ description, type: 'string' });

/** One of a few strings. */
export const oneOf = (description: string, values: readonly string[]): Schema => ({
  description,
  type: 'string',
  enum: values,
});

/** A time in RFC 3339. Null is taken, because Go programs write it for "none". */
export const time = (description: string): Schema => ({
  description,
  type: 'string',
  format: 'date-time',
  nullable: true,
});

/** A whole number from 0 on. */
export const count = (description: string): Schema => ({ description, type: 'integer', format: 'int32', minimum: 0 });

/** A whole number. */
export const integer = (description: string): Schema => ({ description, type: 'integer', format: 'int64' });

/** True or false. */
export const flag = (description: string): Schema => ({ description, type: 'boolean' });

/** A number or a percentage. */
export const intOrString = (description: string): Schema => ({ description, 'x-kubernetes-int-or-string': true });

/** A list. */
export const list = (description: string, items: Schema): Schema => ({ description, type: 'array', items });

/** A list of strings. */
export const texts = (description: string): Schema => list(description, { type: 'string' });

/** Strings by name. */
export const textMap = (description: string): Schema => ({
  description,
  type: 'object',
  additionalProperties: { type: 'string' },
});

/** An object with these fields only. */
export const object = (description: string, properties: Fields, required: readonly string[] = []): Schema => ({
  description,
  type: 'object',
  ...(required.length > 0 && { required }),
  properties,
});

/** An object whose other fields are kept too, whatever they are. */
export const openObject = (description: string, properties: Fields = {}): Schema => ({
  description,
  type: 'object',
  ...(Object.keys(properties).length > 0 && { properties }),
  'x-kubernetes-preserve-unknown-fields': true,
});
