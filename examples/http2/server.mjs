// @ts-check
// HTTP/2: with TLS a browser fetches the page over HTTP/2 and opens its WebSockets on the same connection (RFC 8441).
// Nothing has to be switched on; `request.httpVersion` tells. Older clients get HTTP/1.1 on the same port.
//
//   node examples/http2/server.mjs     then open https://localhost:8080 and accept the certificate
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'
import { selfSigned } from './certificate.mjs'

const page = `<!doctype html><title>HTTP/2</title><pre id="log"></pre><script>
  for (const name of ['first', 'second']) {
    const socket = new WebSocket(location.href.replace('https', 'wss') + name)
    socket.onmessage = ({ data }) => { document.getElementById('log').textContent += data + '\\n' }
  }
</script>`

export function start({ port = 0, tls = selfSigned() } = {}) {
  return serve({
    port,
    tls,
    fetch: () => new Response(page, { headers: { 'Content-Type': 'text/html' } }),
    open(socket) {
      const { path, httpVersion } = socket.request
      socket.send(`${path} came over HTTP/${httpVersion}`)
    },
    message(socket, data) {
      socket.send(data)
    },
  })
}

await runAsProgram(import.meta.url, start)
