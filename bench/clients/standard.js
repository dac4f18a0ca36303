// With the interface of browsers, which the others have in common.

export const standard = (WebSocket) => (url, received) => {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  socket.onmessage = received
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve((data) => socket.send(data))
    socket.onerror = reject
  })
}
