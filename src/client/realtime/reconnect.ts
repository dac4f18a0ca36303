/** How long to wait between attempts. */
export interface ReconnectDelays {
  /** Most before the first attempt after a loss, in milliseconds; doubled with each that fails. @default 1_000 */
  firstMs: number
  /** Most before any attempt, in milliseconds. @default 30_000 */
  maxMs: number
}

export const defaultDelays: ReconnectDelays = { firstMs: 1_000, maxMs: 30_000 }

/**
 * How long to wait after `failures` failed attempts: anything up to the step of that attempt ("full jitter"), so that
 * clients that lost the same server do not come back together. Behind what the server asked for.
 */
export function reconnectDelay(
  { firstMs, maxMs }: ReconnectDelays,
  failures: number,
  afterMs: number,
  random: () => number,
): number {
  return afterMs + random() * Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30))
}
