import type { WebSocket, WebSocketEventMap } from '../../src/index.ts'

/** The next event of a type. */
export function next<Type extends keyof WebSocketEventMap>(
  socket: WebSocket,
  type: Type,
): Promise<WebSocketEventMap[Type]> {
  return new Promise((resolve) => {
    socket.addEventListener(type, resolve, { once: true })
  })
}

/** Everything that happens on a socket, a line for each event in order, told when it is closed. */
export function storyOf(socket: WebSocket): Promise<string[]> {
  const story: string[] = []
  socket.addEventListener('open', () => story.push('open'))
  socket.addEventListener('message', ({ data }) =>
    story.push(`message ${typeof data === 'string' ? data : 'binary'}`),
  )
  socket.addEventListener('error', ({ error }) => story.push(`error ${error.code}`))
  return new Promise((resolve) => {
    socket.addEventListener('close', ({ code, reason, wasClean }) => {
      story.push(`close ${code}${reason === '' ? '' : ` ${reason}`} ${wasClean ? 'clean' : 'unclean'}`)
      // Nothing may follow; what wrongly did would have been set off by now.
      setImmediate(() => resolve(story))
    })
  })
}

/** Why a socket failed, which has to be the end of it. */
export async function failureOf(socket: WebSocket): Promise<WebSocketEventMap['error']> {
  const failed = next(socket, 'error')
  const closed = next(socket, 'close')
  const event = await failed
  const { code, wasClean } = await closed
  if (code !== 1006 || wasClean)
    throw new Error(`closed with ${code}, ${wasClean ? 'cleanly' : 'not cleanly'}`)
  return event
}
