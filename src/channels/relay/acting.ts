import type { Unit } from '../../session/outbox.ts'
import type { SessionPort } from '../session-port.ts'
import type { Act } from './messages.ts'

/** Lets the client of a session do something. */
export function perform(session: Omit<SessionPort<Unit>, 'take'>, act: Act): void {
  if (act.type === 'ack') session.acknowledge(act.position)
  else if (act.type === 'close') session.end({ why: 'normal', reconnect: false })
  else if (act.type === 'tell') session.write(act.event)
  else session.receive(act)
}
