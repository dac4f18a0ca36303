import { isBoolean, isCount, type OptionRule } from '../util/options.ts'
import type { Extension } from './extension-header.ts'

/** What one side wants of permessage-deflate (RFC 7692 §7.1). */
export interface CompressionOptions {
  /** Messages shorter than this many bytes are sent as they are. @default 256 */
  thresholdBytes: number
  /**
   * Whether the server keeps its window between messages: smaller messages on the wire, up to 32 KiB of memory per
   * connection and no sharing of compressed broadcasts. @default false
   */
  serverContextTakeover: boolean
  /** Whether the client keeps its window between messages; the other end needs up to 32 KiB to follow. @default false */
  clientContextTakeover: boolean
  /** Size of the server's window as a power of two, 8 to 15. @default 15 */
  serverMaxWindowBits: number
  /** Size of the client's window as a power of two, 8 to 15. @default 15 */
  clientMaxWindowBits: number
  /** Effort of compression, 1 (quick) to 9 (small). @default 6 */
  level: number
}

export const defaultCompression = Object.freeze({
  thresholdBytes: 256,
  serverContextTakeover: false,
  clientContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
  level: 6,
}) satisfies Readonly<CompressionOptions>

export const compressionRules: Readonly<Record<keyof CompressionOptions, OptionRule>> = {
  thresholdBytes: isCount(0),
  serverContextTakeover: isBoolean,
  clientContextTakeover: isBoolean,
  serverMaxWindowBits: isCount(8, 15),
  clientMaxWindowBits: isCount(8, 15),
  level: isCount(1, 9),
}

/** What both sides agreed on. */
export interface AgreedCompression {
  readonly serverContextTakeover: boolean
  readonly clientContextTakeover: boolean
  readonly serverWindowBits: number
  readonly clientWindowBits: number
}

const extensionName = 'permessage-deflate'

/** The four parameters with values as they may be (§7.1); a `*_max_window_bits` without value is 0. */
interface Parameters {
  serverNoContextTakeover: boolean
  clientNoContextTakeover: boolean
  serverMaxWindowBits: number | undefined
  clientMaxWindowBits: number | undefined
}

/** The client's offer (§7.1). It always says that it understands `client_max_window_bits`. */
export function offerCompression(options: Readonly<CompressionOptions>): Extension {
  const parameters: [string, string | undefined][] = []
  if (!options.serverContextTakeover) parameters.push(['server_no_context_takeover', undefined])
  if (!options.clientContextTakeover) parameters.push(['client_no_context_takeover', undefined])
  if (options.serverMaxWindowBits < 15)
    parameters.push(['server_max_window_bits', `${options.serverMaxWindowBits}`])
  const clientBits = options.clientMaxWindowBits < 15 ? `${options.clientMaxWindowBits}` : undefined
  parameters.push(['client_max_window_bits', clientBits])
  return { name: extensionName, parameters }
}

/**
 * The server's choice among the offers, in the client's order of preference; an offer with a parameter that is
 * unknown, doubled or out of range is declined and the next one is looked at (§5.1, §7.1).
 */
export function acceptCompression(
  offers: readonly Extension[],
  options: Readonly<CompressionOptions>,
): { agreed: AgreedCompression; response: Extension } | undefined {
  for (const offer of offers) {
    if (offer.name !== extensionName) continue
    const offered = readParameters(offer, 'offer')
    if (offered === undefined) continue
    const agreed: AgreedCompression = {
      serverContextTakeover: options.serverContextTakeover && !offered.serverNoContextTakeover,
      clientContextTakeover: options.clientContextTakeover && !offered.clientNoContextTakeover,
      serverWindowBits: Math.min(options.serverMaxWindowBits, offered.serverMaxWindowBits ?? 15),
      // Without the offer's hint the client must not be limited (§7.1.2.2).
      clientWindowBits:
        offered.clientMaxWindowBits === undefined
          ? 15
          : Math.min(options.clientMaxWindowBits, offered.clientMaxWindowBits || 15),
    }
    const parameters: [string, string | undefined][] = []
    if (!agreed.serverContextTakeover) parameters.push(['server_no_context_takeover', undefined])
    if (!agreed.clientContextTakeover) parameters.push(['client_no_context_takeover', undefined])
    if (agreed.serverWindowBits < 15 || offered.serverMaxWindowBits !== undefined) {
      parameters.push(['server_max_window_bits', `${agreed.serverWindowBits}`])
    }
    if (agreed.clientWindowBits < 15)
      parameters.push(['client_max_window_bits', `${agreed.clientWindowBits}`])
    return { agreed, response: { name: extensionName, parameters } }
  }
  return undefined
}

/** What the client makes of the server's answer to `offer`; `undefined` where the answer is not allowed (§7.1). */
export function confirmCompression(
  answer: Extension,
  options: Readonly<CompressionOptions>,
): AgreedCompression | undefined {
  if (answer.name !== extensionName) return undefined
  const accepted = readParameters(answer, 'answer')
  if (accepted === undefined) return undefined
  // What was asked of the server must be granted (§7.1.1.1, §7.1.2.1).
  if (!options.serverContextTakeover && !accepted.serverNoContextTakeover) return undefined
  if (
    options.serverMaxWindowBits < 15 &&
    (accepted.serverMaxWindowBits ?? 15) > options.serverMaxWindowBits
  ) {
    return undefined
  }
  // The client's window may be made smaller than it offered, not larger (§7.1.2.2).
  if ((accepted.clientMaxWindowBits ?? 0) > options.clientMaxWindowBits) return undefined
  return {
    serverContextTakeover: !accepted.serverNoContextTakeover,
    clientContextTakeover: options.clientContextTakeover && !accepted.clientNoContextTakeover,
    serverWindowBits: accepted.serverMaxWindowBits ?? 15,
    clientWindowBits: Math.min(options.clientMaxWindowBits, accepted.clientMaxWindowBits ?? 15),
  }
}

function readParameters(extension: Extension, from: 'offer' | 'answer'): Parameters | undefined {
  const found: Parameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  }
  const seen = new Set<string>()
  for (const [name, value] of extension.parameters) {
    if (seen.has(name)) return undefined
    seen.add(name)
    if (name === 'server_no_context_takeover' && value === undefined) found.serverNoContextTakeover = true
    else if (name === 'client_no_context_takeover' && value === undefined)
      found.clientNoContextTakeover = true
    else if (name === 'server_max_window_bits' && isWindowBits(value))
      found.serverMaxWindowBits = Number(value)
    else if (name === 'client_max_window_bits' && isWindowBits(value))
      found.clientMaxWindowBits = Number(value)
    else if (name === 'client_max_window_bits' && value === undefined && from === 'offer')
      found.clientMaxWindowBits = 0
    else return undefined
  }
  return found
}

/** 8 to 15, without leading zeros (§7.1.2). */
function isWindowBits(value: string | undefined): value is string {
  return value !== undefined && /^(8|9|1[0-5])$/.test(value)
}
