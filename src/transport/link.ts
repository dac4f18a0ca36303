/**
 * A stream of bytes both ways, as a runtime offers it: TCP, TLS, a Unix socket, one stream of an HTTP/2 connection.
 * A link never throws and never emits an error nobody hears: whatever ends it is told by `closed`, once.
 */
export interface Link {
  /**
   * Sends `bytes`. True when the link needs them no longer: they may be written over at once. False when it keeps
   * them until the peer takes more; `drained` tells when everything is gone.
   */
  write(bytes: Uint8Array): boolean
  /** Bytes given to `write` that the operating system has not taken yet. */
  readonly bufferedBytes: number
  /** Sends what is buffered, then the end of the stream; reading goes on. */
  end(): void
  /** Cuts the link at once. */
  destroy(): void
  /** Reads no more until `resume`: the peer feels back-pressure. */
  pause(): void
  resume(): void
  /** Names who is told; called once, before anything happens. `first` are bytes already read. */
  start(sink: LinkSink): void
}

export interface LinkSink {
  /** The next bytes. They may be changed in place, and are valid only during the call. */
  received(bytes: Uint8Array): void
  /** Everything given to `write` has been taken. */
  drained(): void
  /** The peer sends no more. */
  ended(): void
  /** The link is gone; `error` says why, where it did not end in order. */
  closed(error: Error | undefined): void
}
