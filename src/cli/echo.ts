import { serve } from '../server/index.ts'
import { command } from './command.ts'
import { answer, lossless, toolMessageBytes } from './flow.ts'
import { addressOf, closeTimeoutMs, listenOptions, runServer } from './server-run.ts'

export const echoCommand = command({
  name: 'echo',
  operands: '',
  operandCounts: [0, 0],
  options: {
    ...listenOptions,
    compress: { type: 'boolean', help: 'agree to permessage-deflate where the client offers it' },
  },
  description: `Sends every message back, on every path: text as text, binary as binary.
Takes messages of up to 64 MiB, from pages of any origin, and agrees to the first
subprotocol a client offers. A client that does not read is not read from, so
nothing is ever dropped.`,
  notes: `Example:
  polyplex echo --port 9000 --host 127.0.0.1

Ends with exit code 0 on SIGINT or SIGTERM, closing every connection with 1001;
with 1 where it cannot listen.`,
  run({ values }) {
    const address = addressOf(values)
    const start = () =>
      serve({
        ...address,
        ...lossless,
        origins: 'any',
        compression: values.compress,
        limits: {
          maxMessageBytes: toolMessageBytes,
          maxInflationRatio: Number.POSITIVE_INFINITY,
          closeTimeoutMs,
        },
        message: answer,
      })
    return runServer('echo', start, {
      json: values.json,
      lines: (_, ws, { bold, dim }) => [`Echo on ${bold(ws)} and every other path`, dim('Ctrl+C stops it.')],
    })
  },
})
