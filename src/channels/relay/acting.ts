import type { Session } from '../session.ts'
import type { Act } from './messages.ts'

/** Lets the client of a session do something. */
export function perform(session: Session, act: Act): void {
  if (act.type === 'ack') session.acknowledge(act.position)
  else if (act.type === 'close') session.end({ why: 'normal', reconnect: false })
  else if (act.type === 'tell') session.write(act.event)
  else session.receive(act)
}
