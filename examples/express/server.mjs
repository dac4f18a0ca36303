// @ts-check
// Express: an application you already have, and WebSockets on the same port. `attach` takes the upgrades of its own
// paths and leaves all others alone. Fastify (`fastify.server`), Koa (`app.listen()`) and plain `node:http` work alike.
//
//   npm install express
//   node examples/express/server.mjs
//   curl http://localhost:8080/        npx polyplex connect ws://localhost:8080/live
import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { attach } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

export async function start({ port = 0 } = {}) {
  const app = express()
  const server = createServer(app)
  const sockets = attach(server, {
    paths: {
      '/live': {
        open: (socket) => socket.subscribe('news'),
      },
    },
  })

  app.get('/', (_request, response) => {
    response.send(`${sockets.sockets.size} listening\n`)
  })
  app.post('/news', express.text(), (request, response) => {
    response.send(`told ${sockets.publish('news', String(request.body))}\n`)
  })

  server.listen(port)
  await once(server, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://localhost:${address.port}/`,
    async close() {
      server.close()
      await sockets.close()
    },
  }
}

await runAsProgram(import.meta.url, start)
