import { constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { Readable } from 'node:stream'
import { mediaTypeOf } from './media-type.ts'
import { UsageError } from './usage-error.ts'

/**
 * Serves the files of one folder, and nothing else: no path leads out of it, neither by `..` in any spelling nor by a
 * symbolic link; names beginning with a dot stay hidden. A folder stands for its `index.html`.
 */
export class StaticFolder {
  readonly #root: string
  readonly #headers: Readonly<Record<string, string>>

  private constructor(root: string, headers: Readonly<Record<string, string>>) {
    this.#root = root
    this.#headers = headers
  }

  /**
   * @param headers sent with every answer
   * @throws {UsageError} where there is no such folder
   */
  static async open(path: string, headers: Readonly<Record<string, string>>): Promise<StaticFolder> {
    const facts = await stat(path).catch(() => undefined)
    if (facts === undefined) throw new UsageError(`there is no folder '${path}'`)
    if (!facts.isDirectory()) throw new UsageError(`'${path}' is no folder`)
    return new StaticFolder(await realpath(path), headers)
  }

  async answer(request: Request): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return this.#text(405, 'Only GET and HEAD are answered here.\n', { Allow: 'GET, HEAD' })
    }
    const { pathname, search } = new URL(request.url)
    const segments = segmentsOf(pathname)
    const path = segments && (await this.#find(segments))
    if (path === undefined) return this.#text(404, 'Not found.\n')
    if ('folder' in path) {
      // Relative links in its index.html count from the folder. The path is put together anew from clean segments,
      // so that no answer leads to another host.
      return this.#text(308, '', { Location: `/${path.folder.map(encodeURIComponent).join('/')}/${search}` })
    }
    return this.#sendFile(path.file, request)
  }

  /** The real path of what `segments` name, if it may be seen; an empty last segment asks for the index of a folder. */
  async #find(
    segments: readonly string[],
  ): Promise<{ file: string } | { folder: readonly string[] } | undefined> {
    const isFolder = segments.at(-1) === ''
    const names = isFolder ? segments.slice(0, -1) : segments
    if (names.some((name) => name === '' || name.startsWith('.') || /[/\\\0]/.test(name))) return undefined
    try {
      const real = await realpath(join(this.#root, ...names, ...(isFolder ? ['index.html'] : [])))
      if (!this.#holds(real)) return undefined
      const facts = await stat(real)
      if (facts.isDirectory()) return isFolder ? undefined : { folder: names }
      return facts.isFile() ? { file: real } : undefined
    } catch {
      return undefined
    }
  }

  #holds(real: string): boolean {
    const way = relative(this.#root, real)
    return !way.split(sep).some((name) => name.startsWith('.')) && join(this.#root, way) === real
  }

  async #sendFile(path: string, request: Request): Promise<Response> {
    let file: FileHandle
    try {
      file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    } catch {
      return this.#text(404, 'Not found.\n')
    }
    try {
      const { size, mtimeMs } = await file.stat()
      const tag = `"${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`
      const headers = { ...this.#headers, 'Cache-Control': 'no-cache', ETag: tag }
      if (matches(request.headers.get('if-none-match'), tag)) {
        await file.close()
        return new Response(null, { status: 304, headers })
      }
      Object.assign(headers, { 'Content-Type': mediaTypeOf(path), 'Content-Length': String(size) })
      if (request.method === 'HEAD' || size === 0) {
        await file.close()
        return new Response(null, { headers })
      }
      const body = Readable.toWeb(file.createReadStream({ end: size - 1 }))
      return new Response(body as ReadableStream<Uint8Array>, { headers })
    } catch (error) {
      await file.close()
      throw error
    }
  }

  #text(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
    const all = { ...this.#headers, 'Content-Type': 'text/plain; charset=utf-8', ...headers }
    return new Response(text, { status, headers: all })
  }
}

/** The decoded segments of a path, or `undefined` where it is no valid percent-encoding. */
function segmentsOf(pathname: string): string[] | undefined {
  try {
    return pathname.slice(1).split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}

/** Whether `If-None-Match` names this entity tag (RFC 9110 §13.1.2). */
function matches(header: string | null, tag: string): boolean {
  if (header === null) return false
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag)
}
