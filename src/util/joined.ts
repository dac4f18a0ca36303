/** `head` and `tail` as one array; `head` itself where there is nothing to add. */
export function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (tail.length === 0) return head
  const both = new Uint8Array(head.length + tail.length)
  both.set(head)
  both.set(tail, head.length)
  return both
}
