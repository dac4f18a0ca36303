import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Link } from '../../transport/link.ts'
import { type RawHandle, rawHandles } from './raw-handles.ts'
import { RawLink } from './raw-link.ts'
import { StreamLink } from './stream-link.ts'

/** A plain socket, with the parts that its documentation does not cover. */
interface SocketWithHandle extends Socket {
  readonly _handle?: Partial<RawHandle> | null
  readonly _readableState?: { readonly ended?: boolean }
}

/**
 * The best link for a stream that Node or somebody else made. Of a plain socket its handle is taken, so that reads and
 * writes pass by the stream, whose end, errors and address stay what they are. `first` are bytes read before.
 */
export function linkOf(stream: Duplex, first: Uint8Array | undefined, mayBeRaw = true): Link {
  return (mayBeRaw && rawHandles !== undefined && rawLinkOf(stream, first)) || new StreamLink(stream, first)
}

function rawLinkOf(stream: Duplex, first: Uint8Array | undefined): RawLink | undefined {
  // TLS and whatever extends a socket do more than their handle shows.
  if (stream.constructor !== Socket) return undefined
  const socket = stream as SocketWithHandle
  const { _handle: handle, _readableState: state } = socket
  if (typeof handle?.useUserBuffer !== 'function' || state?.ended !== false) return undefined
  if (socket.destroyed || socket.connecting || socket.writableLength > 0) return undefined
  // What the stream has read already comes behind `first`.
  const read = socket.read() as Buffer | null
  const both =
    first !== undefined && read !== null ? Buffer.concat([first, read]) : (first ?? read ?? undefined)
  return new RawLink(handle as RawHandle, both, true, socket)
}
