/** Who a session belongs to: what `authenticate` answered. */
export interface Principal {
  /** Names the user, on all its devices; presence goes by it. Without one each session is a user of its own. */
  readonly id?: string | undefined
  /** When it is no longer good, in milliseconds since 1970; until then the client may send another token. */
  readonly expiresAt?: number | undefined
  readonly [fact: string]: unknown
}

/** What a client shows of itself when it begins a session. */
export interface Credentials {
  readonly token?: string | undefined
  /** Header fields of the request that carried it, for cookies and the like. */
  readonly headers?: Headers | undefined
  readonly remoteAddress?: string | undefined
}
