/** Sizes that hold for all connections, in bytes. */
export const sizes = {
  /** What `beginBinary` gathers before it sends a frame. */
  binaryFragmentation: 512 * 1024,
  /** Largest frame, and largest text, that is received. */
  maxBufferLength: 2 * 1024 * 1024,
}
