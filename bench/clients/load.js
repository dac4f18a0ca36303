// What all clients do: open connections, keep messages in flight, tell what a message cost this process.

/**
 * `open(url, received)` opens a connection and resolves with its `send` function.
 */
export async function load(task, open) {
  const { port, connections, inFlight, size, seconds, warmUp } = task
  const payload = new Uint8Array(size).fill(97)
  let messages = 0
  const all = []
  for (let i = 0; i < connections; i++) {
    const send = await open(`ws://127.0.0.1:${port}/`, () => {
      messages += 1
      send(payload)
    })
    all.push(send)
  }
  for (const send of all) for (let i = 0; i < inFlight; i++) send(payload)
  setTimeout(() => {
    const before = process.cpuUsage()
    const [counted, began] = [messages, performance.now()]
    setTimeout(() => {
      const { user, system } = process.cpuUsage(before)
      const elapsed = (performance.now() - began) / 1000
      const done = messages - counted
      const cpuMicroseconds = (user + system) / done
      console.log(JSON.stringify({ cpuMicroseconds, messages: done, messagesPerSecond: done / elapsed }))
      process.exit(0)
    }, seconds * 1000)
  }, warmUp * 1000)
}
