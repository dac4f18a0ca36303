import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  CLOSED,
  CLOSING,
  CONNECTING,
  OPEN,
  ProtocolError,
  type ReadyState,
} from '../../src/protocol/index.ts'
import { transitions } from '../../src/protocol/ready-state.ts'
import { openCore, roles } from './core.ts'
import { opcodes, peerFrame } from './frames.ts'

const names: Readonly<Record<ReadyState, string>> = {
  [CONNECTING]: 'CONNECTING',
  [OPEN]: 'OPEN',
  [CLOSING]: 'CLOSING',
  [CLOSED]: 'CLOSED',
}

test('the picture in docs/design/protocol.md is the one drawn from the table', () => {
  const lines = Object.entries(transitions).flatMap(([state, moves]) =>
    Object.entries(moves).map(
      ([signal, next]) => `  ${names[Number(state) as ReadyState]} --> ${names[next]} : ${signal}`,
    ),
  )
  const picture = ['stateDiagram-v2', '  [*] --> CONNECTING', ...lines, '  CLOSED --> [*]'].join('\n')
  const page = readFileSync(new URL('../../../docs/design/protocol.md', import.meta.url), 'utf8')
  assert.ok(page.includes(`\`\`\`mermaid\n${picture}\n\`\`\``), `expected this picture:\n${picture}`)
})

test('§7.1 a state is never left for an earlier one', () => {
  for (const [state, moves] of Object.entries(transitions)) {
    for (const next of Object.values(moves)) assert.ok(next > Number(state))
  }
})

for (const role of roles) {
  test(`${role} goes from OPEN to CLOSING by its close frame, the peer’s, or a fault, and to CLOSED with the link`, () => {
    const ways: ((core: ReturnType<typeof openCore>) => void)[] = [
      (core) => core.connection.sendClose(1000),
      (core) => core.receive(peerFrame(role, opcodes.close)),
      (core) => core.receive(peerFrame(role, 3)),
      (core) => core.connection.fail(new ProtocolError('ERR_STATE', 1011, { message: 'ours' })),
    ]
    for (const way of ways) {
      const core = openCore(role)
      assert.equal(core.connection.readyState, OPEN)
      way(core)
      assert.equal(core.connection.readyState, CLOSING)
      core.connection.linkClosed()
      assert.equal(core.connection.readyState, CLOSED)
    }
    const cut = openCore(role)
    cut.connection.linkClosed()
    assert.equal(cut.connection.readyState, CLOSED)
  })
}
