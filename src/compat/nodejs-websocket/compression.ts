import { type CompressionOptions, defaultCompression } from '../../protocol/permessage-deflate.ts'

/** Whether to compress; an object says how. */
export type CompressionChoice = boolean | Partial<CompressionOptions>

export function compressionOf(
  choice: CompressionChoice | undefined,
): Readonly<CompressionOptions> | undefined {
  if (!choice) return undefined
  return choice === true ? defaultCompression : { ...defaultCompression, ...choice }
}
