import { parse as parseQuery } from 'node:querystring'
import type { Url, UrlWithParsedQuery } from 'node:url'

/** Path and query of a request, in the shape that `url.parse` gives them. */
export function resourceUrl(resource: string): UrlWithParsedQuery {
  const hashAt = resource.indexOf('#')
  const path = hashAt < 0 ? resource : resource.slice(0, hashAt)
  const searchAt = path.indexOf('?')
  return {
    auth: null,
    hash: hashAt < 0 ? null : resource.slice(hashAt),
    host: null,
    hostname: null,
    href: resource,
    path,
    pathname: searchAt < 0 ? path : path.slice(0, searchAt),
    port: null,
    protocol: null,
    query: parseQuery(searchAt < 0 ? '' : path.slice(searchAt + 1)),
    search: searchAt < 0 ? '' : path.slice(searchAt),
    slashes: null,
  }
}

/** Where to connect to. */
export interface Target {
  readonly protocol: string
  /** Without the brackets of IPv6. */
  readonly hostname: string
  readonly port: string
  readonly path: string
  /** The `Host` field. */
  readonly host: string
}

/** @throws {Error} where `url` is not whole */
export function targetOf(url: string | URL | Url): Target {
  const { protocol, hostname, port, path } = typeof url === 'string' ? parsed(url) : partsOf(url)
  if (!protocol) throw new Error('You must specify a full WebSocket URL, including protocol.')
  if (!hostname) {
    throw new Error(
      'You must specify a full WebSocket URL, including hostname. Relative URLs are not supported.',
    )
  }
  const usual = protocol === 'wss:' ? '443' : '80'
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  const name = bare.includes(':') ? `[${bare}]` : bare
  return {
    protocol,
    hostname: bare,
    port: port || usual,
    path: path?.startsWith('/') ? path : `/${path ?? ''}`,
    host: !port || port === usual ? name : `${name}:${port}`,
  }
}

type Parts = Pick<Url, 'protocol' | 'hostname' | 'port' | 'path'>

function partsOf(url: URL | Url): Parts {
  if (!(url instanceof URL)) return url
  const { protocol, hostname, port, pathname, search } = url
  return { protocol, hostname, port, path: pathname + search }
}

function parsed(url: string): Parts {
  if (URL.canParse(url)) return partsOf(new URL(url))
  return { protocol: /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? null, hostname: null, port: null, path: null }
}
