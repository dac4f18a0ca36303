import { test } from 'node:test'
import { testServer } from './servers-flows.ts'
import { pythonMissing, pythonWebsockets } from './servers-python.ts'

if (pythonMissing === undefined) testServer(pythonWebsockets)
else {
  test("our client and the server of Python's websockets", (context) => {
    if (process.env['CI'] === 'true') throw new Error(pythonMissing)
    context.skip(pythonMissing)
  })
}
