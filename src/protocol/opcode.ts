/** Opcodes of RFC 6455 §5.2; 3–7 and 11–15 are reserved. */
export const CONTINUATION = 0x0
export const TEXT = 0x1
export const BINARY = 0x2
export const CLOSE = 0x8
export const PING = 0x9
export const PONG = 0xa

/** First header byte: FIN and the three reserved bits. RSV1 marks a compressed message (RFC 7692 §6). */
export const FIN = 0x80
export const RSV1 = 0x40
export const RSV_ALL = 0x70

/** Longest payload of a control frame, in bytes (RFC 6455 §5.5). */
export const maxControlPayloadBytes = 125
