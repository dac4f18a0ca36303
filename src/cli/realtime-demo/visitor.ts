import { createHash } from 'node:crypto'
import { CallError, type Credentials, type Principal } from '../../index.server.ts'

/**
 * Who it is: a page keeps a secret, and whoever knows it is the same visitor, on whatever device. Others see only a digest.
 * What stands behind `~` makes each token another one, so that a visitor whose sessions were ended can come back.
 */
export function visitorOf({ token }: Credentials): Principal | undefined {
  if (token === undefined) return undefined
  const [, secret] = /^([\w-]{16,64})~\d{1,9}$/.exec(token) ?? []
  if (secret === undefined)
    throw new CallError('ERR_UNAUTHORIZED', { message: 'That is no token of this page' })
  return { id: createHash('sha256').update(secret).digest('base64url').slice(0, 12) }
}
