import { type Server, serve } from '../server/index.ts'
import { command } from './command.ts'
import { toolMessageBytes } from './flow.ts'
import { addressOf, closeTimeoutMs, listenOptions, runServer } from './server-run.ts'

/** A sender for whom more than this waits is not read from until it has read: what it gets is mostly its own. */
const pauseAboveBytes = 1_048_576

export const relayCommand = command({
  name: 'relay',
  operands: '',
  operandCounts: [0, 0],
  options: {
    ...listenOptions,
    compress: { type: 'boolean', help: 'agree to permessage-deflate where the client offers it' },
  },
  description: `Sends every message to every connection on the same path, the sender too.
Takes messages of up to 64 MiB, from pages of any origin, and agrees to the first
subprotocol a client offers. A reader that falls 64 MiB behind is closed with
1013, so that it cannot stop the others.`,
  notes: `Example:
  polyplex relay --port 9000
  polyplex connect ws://localhost:9000/room    (in two terminals)

Ends with exit code 0 on SIGINT or SIGTERM, closing every connection with 1001;
with 1 where it cannot listen.`,
  run({ values }) {
    const address = addressOf(values)
    const start = async () => {
      const server: Server = await serve({
        ...address,
        origins: 'any',
        compression: values.compress,
        limits: {
          maxMessageBytes: toolMessageBytes,
          maxInflationRatio: Number.POSITIVE_INFINITY,
          closeTimeoutMs,
        },
        backpressure: { highWaterMarkBytes: toolMessageBytes, policy: 'close' },
        open: (socket) => socket.subscribe(socket.request.path),
        message(socket, data) {
          server.publish(socket.request.path, data)
          if (socket.bufferedAmount > pauseAboveBytes) socket.pause()
        },
        drain: (socket) => socket.resume(),
      })
      return server
    }
    return runServer('relay', start, {
      json: values.json,
      lines: (_, ws, { bold, dim }) => [`Relay on ${bold(ws)} and every other path`, dim('Ctrl+C stops it.')],
    })
  },
})
