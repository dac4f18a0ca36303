import type { Realtime } from '../../index.server.ts'
import { Link, type Passage, passages } from './link.ts'

const mostLinks = 2_000
const mostOrderBytes = 1_024

/** What the network panel orders; all of it is optional. */
interface Order {
  readonly passage?: Passage
  readonly blocksWebSocket?: boolean
  /** Ends the connections without a word. */
  readonly cut?: boolean
  /** Ends the sessions of the link's user. */
  readonly forget?: boolean
}

/** All links. Their names are made by the pages, and nobody can guess them: each page does what it does to itself. */
export class Links {
  readonly #links = new Map<string, Link>()

  /** The link of that name; nothing where there are too many, or where that is no name. */
  at(name: string): Link | undefined {
    const known = this.#links.get(name)
    if (known !== undefined) return known
    if (!/^[\w-]{16,64}$/.test(name)) return undefined
    if (this.#links.size >= mostLinks && !this.#forgetIdle()) return undefined
    const link = new Link()
    this.#links.set(name, link)
    return link
  }

  /** Obeys `POST /links/NAME`, which does not go over the link itself. */
  async obey(request: Request, name: string, app: Realtime): Promise<Response> {
    if (request.method !== 'POST') return answer({ error: 'POST' }, 405)
    const link = this.at(name)
    if (link === undefined) return answer({ error: 'There is no such link' }, 404)
    const order = await orderOf(request)
    if (order === undefined) return answer({ error: 'That is no order' }, 400)
    if (order.blocksWebSocket !== undefined) link.blocksWebSocket = order.blocksWebSocket
    if (order.passage !== undefined) link.passage = order.passage
    if (order.forget && link.user !== undefined) {
      await app.user(link.user).revoke('The network panel ended the session')
    }
    if (order.cut) link.cut()
    const { passage, blocksWebSocket, connections } = link
    return answer({ passage, blocksWebSocket, connections }, 200)
  }

  /** The oldest one that nobody uses makes room. */
  #forgetIdle(): boolean {
    for (const [name, { connections }] of this.#links) if (connections === 0) return this.#links.delete(name)
    return false
  }
}

async function orderOf(request: Request): Promise<Order | undefined> {
  if (Number(request.headers.get('content-length') ?? mostOrderBytes + 1) > mostOrderBytes) return undefined
  const order = (await request.json().catch(() => undefined)) as Order | null | undefined
  if (order === null || typeof order !== 'object') return undefined
  const { passage, blocksWebSocket = false } = order
  const isKnown =
    (passage === undefined || passages.includes(passage)) && typeof blocksWebSocket === 'boolean'
  return isKnown ? order : undefined
}

function answer(value: object, status: number): Response {
  return Response.json(value, { status, headers: { 'Cache-Control': 'no-store' } })
}
