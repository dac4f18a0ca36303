import type { ChannelHandle, Realtime, UserHandle } from '../channels/realtime.ts'
import { optionError } from '../util/options.ts'

/** The channels and users of a server, from outside of any handler. */
export interface AppHandles {
  /**
   * A channel of `app`, for an HTTP route or a cron job: publishes, reads history, says who is here.
   *
   * @throws {CallError} `ERR_CHANNEL`; `ERR_OPTION_INVALID` where the server has no `app`
   */
  channel(name: string): ChannelHandle
  /**
   * Somebody, on all devices and nodes; `id` is that of the principal.
   *
   * @throws {RealtimeError} `ERR_OPTION_INVALID` where the server has no `app`
   */
  user(id: string): UserHandle
}

/** `what` is the function that was not given the option. */
export function handlesOf(what: string, app: Realtime | undefined): AppHandles {
  const given = (): Realtime => {
    if (app === undefined) throw optionError(`${what} was given no channels (option 'app')`)
    return app
  }
  return { channel: (name) => given().channel(name), user: (id) => given().user(id) }
}
