import type { Session } from '../session.ts'
import type { Act } from './messages.ts'

type Performer = Pick<Session, 'acknowledge' | 'end' | 'write' | 'receive' | 'alive'>

/** Lets the client of a session do something. */
export function perform(session: Performer, act: Act): void {
  if (act.type === 'ack') session.acknowledge(act.position)
  else if (act.type === 'close') session.end({ why: 'normal', reconnect: false })
  else if (act.type === 'ping') session.alive(true)
  else if (act.type === 'tell') session.write(act.event)
  else session.receive(act)
}
