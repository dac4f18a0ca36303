/** Where in a value something is wrong, and what. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** A schema of any library that speaks Standard Schema, version 1 (zod, valibot, arktype, …). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema takes. */
export type InputOf<Schema> = Schema extends StandardSchema<infer Input, unknown> ? Input : unknown

/** What a schema makes of it. */
export type OutputOf<Schema> = Schema extends StandardSchema<infer _Input, infer Output> ? Output : unknown
