import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breachesIn } from '../../tools/check-layers.mjs'
import { temporaryFolder } from './temporary-folder.ts'

const goodTree = {
  'src/errors.ts': 'export class RealtimeError extends Error {}\n',
  'src/util/bytes.ts': "import { RealtimeError } from '../errors.ts'\nexport const b = RealtimeError\n",
  'src/codec/json.ts': "import { b } from '../util/bytes.ts'\nexport const json = b\n",
  'src/protocol/frame.ts':
    "import { mask } from './mask.ts'\n// import from '../server/serve.ts' and process\nmask()\n",
  'src/protocol/mask.ts':
    "/** setTimeout(…) is not ours */\nexport const mask = () => 'Date.now() and process.exit'\n",
  'src/rpc/call.ts': "import { json } from '../codec/json.ts'\nexport { json }\n",
  'src/transport/websocket.ts': "export * from '../protocol/frame.ts'\n",
  'src/runtime/node/tcp.ts':
    "import net from 'node:net'\nimport { mask } from '../../protocol/mask.ts'\nprocess.on('exit', mask)\n",
  'src/client/web-socket.ts':
    "import type { Socket } from '../server/socket.ts'\nsetTimeout(() => Date.now(), 1)\n",
  'src/server/socket.ts':
    "import { run } from '#runtime'\nimport { publish } from '../topics/index.ts'\nexport type Socket = 1\n",
  'src/dialects/phoenix/codec.ts': "import { Socket } from '../../server/socket.ts'\nimport './machine.ts'\n",
  'src/index.ts': "export { WebSocket } from './client/web-socket.ts'\n",
  'src/index.browser.ts': "export * from './index.ts'\n",
  'src/cli/main.ts':
    "#!/usr/bin/env node\nimport { parseArgs } from 'node:util'\nimport { serve } from '../server/socket.ts'\n",
}

test('a tree whose imports point down has no breach', (t) => {
  assert.deepEqual(breachesIn(temporaryFolder(t, goodTree)), [])
})

const breaches: [title: string, path: string, source: string, expected: RegExp][] = [
  [
    'an import of a higher level is named with its line',
    'protocol/frame.ts',
    "\nimport { serve } from '../server/serve.ts'\n",
    /^src\/protocol\/frame\.ts:2: protocol imports server \(level 2 imports no higher level, and server is on 5\)$/,
  ],
  [
    'an import of types is an import too',
    'util/bytes.ts',
    "import type { Frame } from '../protocol/frame.ts'\n",
    /util\/bytes\.ts:1: util imports protocol/,
  ],
  [
    'a re-export is an import',
    'transport/websocket.ts',
    "export { tcp } from '../runtime/node/tcp.ts'\n",
    /websocket\.ts:1: transport imports runtime/,
  ],
  [
    'an import that spans lines is found',
    'codec/json.ts',
    "import {\n  serve,\n  type Socket,\n} from '../server/serve.ts'\n",
    /json\.ts:1: codec imports server/,
  ],
  [
    'a dynamic import is found',
    'client/connect.ts',
    "const cli = await import('../cli/main.ts')\n",
    /connect\.ts:1: client imports cli/,
  ],
  [
    'an import for its effect is found',
    'client/connect.ts',
    "import '../index.ts'\n",
    /connect\.ts:1: client imports index/,
  ],
  [
    'a neighbour on the same level is refused',
    'topics/index.ts',
    "import { outbox } from '../session/outbox.ts'\n",
    /topics imports session \(neighbours on level 2 do not know each other\)/,
  ],
  [
    'errors imports nothing, not even util',
    'errors.ts',
    "import { b } from './util/bytes.ts'\n",
    /errors imports util \(neighbours on level 0/,
  ],
  [
    'client and server share types, not values',
    'client/connect.ts',
    "import { Socket } from '../server/socket.ts'\n",
    /client imports server \(neighbours on level 5/,
  ],
  [
    'one dialect does not know another',
    'dialects/signalr/codec.ts',
    "import { join } from '../phoenix/codec.ts'\n",
    /dialects\/signalr imports dialects\/phoenix \(neighbours on level 6/,
  ],
  [
    'node: is refused outside the platform folders',
    'server/serve.ts',
    "import { createServer } from 'node:http'\n",
    /serve\.ts:1: imports node:http \(only runtime, bus, compat, cli name the platform\)/,
  ],
  [
    'process is refused outside the platform folders',
    'server/serve.ts',
    "const a = 1\nprocess.on('exit', () => {})\n",
    /serve\.ts:2: names process/,
  ],
  ['Bun is refused outside the platform folders', 'client/connect.ts', 'Bun.version\n', /names Bun/],
  ['Deno is refused outside the platform folders', 'client/connect.ts', 'Deno.version\n', /names Deno/],
  [
    'a timer is refused in a pure level',
    'protocol/frame.ts',
    'setTimeout(() => {}, 1)\n',
    /frame\.ts:1: uses setTimeout \(levels 0 to 3/,
  ],
  ['a clock is refused in a pure level', 'session/outbox.ts', 'const now = Date.now()\n', /uses Date\.now/],
  ['randomness is refused in a pure level', 'util/id.ts', 'Math.random()\n', /uses Math\.random/],
  [
    'a package that is not declared is refused',
    'codec/json.ts',
    "import { pack } from 'msgpackr'\n",
    /imports msgpackr \(the package has no such dependency\)/,
  ],
  [
    'a file outside src is refused',
    'cli/main.ts',
    "import tool from '../../tools/build.mjs'\n",
    /src\/ imports nothing outside itself/,
  ],
  ['a folder without a level is refused', 'helpers/all.ts', 'export {}\n', /helpers has no level/],
]

for (const [title, path, source, expected] of breaches) {
  test(title, (t) => {
    const found = breachesIn(temporaryFolder(t, { [`src/${path}`]: source }))
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', expected)
  })
}

test('a declared peer dependency may be imported', (t) => {
  const folder = temporaryFolder(t, {
    'package.json': '{ "peerDependencies": { "redis": "*" } }',
    'src/bus/redis.ts': "import { createClient } from 'redis'\n",
  })
  assert.deepEqual(breachesIn(folder), [])
})
