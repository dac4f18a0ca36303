import type { Credentials } from '../../channels/principal.ts'

/** The token of `Authorization: Bearer …`, and all header fields, for cookies. */
export function credentialsOf({ headers }: { readonly headers: Headers }): Credentials {
  const [, token] = /^Bearer\s+(\S+)$/i.exec(headers.get('authorization') ?? '') ?? []
  return { token, headers }
}
