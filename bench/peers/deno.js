// Deno's own server. It has no topics: a broadcast is a loop.
const task = JSON.parse(Deno.args[0])
const everybody = new Set()

Deno.serve({ port: 0, onListen: ({ port }) => console.log(port) }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request)
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => everybody.add(socket)
  socket.onclose = () => everybody.delete(socket)
  socket.onmessage = ({ data }) => {
    if (task.kind === 'echo') socket.send(data)
    else for (const other of everybody) other.send(data)
  }
  return response
})
