import type { Mount } from '../channels/dialect.ts'
import type { AttachOptions } from './options.ts'

export type Fetch = (request: Request) => Response | Promise<Response>

/** The dialects of a server, each with its own claim on requests. */
export function mountsOf({ app, dialects = [] }: AttachOptions<never>): readonly Mount[] {
  return app === undefined ? [] : dialects.map((dialect) => dialect.mount(app.core))
}

/** Asks the dialects first, then `fetch`. Nothing where nobody answers requests. */
export function withMounts(mounts: readonly Mount[], fetch: Fetch | undefined): Fetch | undefined {
  if (!mounts.some((mount) => mount.fetch !== undefined)) return fetch
  return (request) => {
    for (const mount of mounts) {
      const response = mount.fetch?.(request)
      if (response !== undefined) return response
    }
    return (
      fetch?.(request) ??
      new Response('Upgrade Required\n', { status: 426, headers: { Upgrade: 'websocket' } })
    )
  }
}
