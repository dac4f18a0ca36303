/** Which pages may connect: those of the same host, any, the listed origins, or as a function says. */
export type Origins<Request> =
  | 'same'
  | 'any'
  | readonly string[]
  | ((origin: string, request: Request) => boolean)

/** The header fields a decision rests on: `origin` and `host`. */
export interface OriginHead {
  readonly headers: { get(name: string): string | undefined }
}

/**
 * Whether a page of `origin` may connect (RFC 6455 §10.2). Programs other than browsers send none and are not held up:
 * they could claim whatever they like.
 */
export function originAllowed<Request>(
  head: OriginHead,
  origins: Origins<Request>,
  request: Request,
): boolean {
  const origin = head.headers.get('origin')
  if (origin === undefined || origins === 'any') return true
  // Strictly: a promise, or anything else that is not an answer, lets nobody in.
  if (typeof origins === 'function') return origins(origin, request) === true
  if (origins !== 'same') return origins.includes(origin)
  const host = head.headers.get('host')
  if (
    host !== undefined &&
    plainHost.test(host) &&
    (origin === `https://${host}` || origin === `http://${host}`)
  ) {
    return true
  }
  if (host === undefined || !URL.canParse(origin)) return false
  const page = new URL(origin)
  // Others have no host that could be ours: a file's is empty, whatever it is compared with.
  const isWeb = page.protocol === 'https:' || page.protocol === 'http:'
  return isWeb && page.host === hostOf(host, page.protocol)
}

/** The same for a request that is no upgrade. */
export function requestOriginAllowed(request: Request, origins: Origins<unknown>): boolean {
  const get = (name: string): string | undefined =>
    name === 'host' ? new URL(request.url).host : (request.headers.get(name) ?? undefined)
  return originAllowed({ headers: { get } }, origins, request)
}

/** A host that stays as it is when a URL is made of it: what nearly all send. */
const plainHost = /^[\w.-]+(:\d{1,5})?$/

/** `host` without the port that its scheme implies. */
function hostOf(host: string, protocol: string): string {
  return URL.canParse(`${protocol}//${host}`) ? new URL(`${protocol}//${host}`).host : host
}
