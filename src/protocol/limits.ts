import { isCount, type OptionRule } from '../util/options.ts'

/** What a peer may make us hold or wait for. Every limit is on by default. */
export interface Limits {
  /**
   * Largest message, in bytes, after inflation; a longer one fails the connection with 1009.
   * Memory per connection grows up to this. @default 1_048_576
   */
  maxMessageBytes: number
  /** Most frames one message may be cut into; more fail the connection with 1008. @default 131_072 */
  maxFragments: number
  /**
   * How many times larger than on the wire a message may become by inflation, once it is larger than 1 MiB;
   * beyond it inflation stops and the connection fails with 1009. @default 200
   */
  maxInflationRatio: number
  /** Largest head of an HTTP request, in bytes; a larger one is answered with 431. @default 16_384 */
  maxHeaderBytes: number
  /** Time for the whole opening handshake, in milliseconds; late peers get 408 or are cut off. @default 10_000 */
  handshakeTimeoutMs: number
  /** Time for the peer to answer our close frame, in milliseconds; then the link is cut. @default 5_000 */
  closeTimeoutMs: number
}

export const defaultLimits = Object.freeze({
  maxMessageBytes: 1_048_576,
  maxFragments: 131_072,
  maxInflationRatio: 200,
  maxHeaderBytes: 16_384,
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 5_000,
}) satisfies Readonly<Limits>

export const limitRules: Readonly<Record<keyof Limits, OptionRule>> = {
  maxMessageBytes: isCount(0, Number.POSITIVE_INFINITY),
  maxFragments: isCount(1, Number.POSITIVE_INFINITY),
  maxInflationRatio: isCount(1, Number.POSITIVE_INFINITY),
  maxHeaderBytes: isCount(256, 1_048_576),
  handshakeTimeoutMs: isCount(1, 2_147_483_647),
  closeTimeoutMs: isCount(1, 2_147_483_647),
}
