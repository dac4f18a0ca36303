/** The lines of a stream of UTF-8, without their ends; a last line needs none. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  /** Parts of a line whose end has not come. */
  let parts: string[] = []
  for await (const chunk of input) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    const unfinished = pieces.pop() as string
    for (const piece of pieces) {
      parts.push(piece)
      yield parts.join('').replace(/\r$/, '')
      parts = []
    }
    if (unfinished !== '') parts.push(unfinished)
  }
  const last = parts.join('') + decoder.decode()
  if (last !== '') yield last
}
