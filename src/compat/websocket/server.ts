import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { tell } from '../../runtime/node/tell.ts'
import { type IServerConfig, serverDefaults } from './config.ts'
import type { WebSocketConnection } from './connection.ts'
import type { IStringified } from './connection-events.ts'
import { AcceptError, type UpgradeError, WebSocketRequest } from './request.ts'

type MountedConfig = typeof serverDefaults & IServerConfig & { httpServer: (HttpServer | HttpsServer)[] }

export interface ServerEvents {
  /** Somebody asks for a WebSocket: accept or reject the request. */
  request: [request: WebSocketRequest]
  /** A request was accepted. */
  connect: [connection: WebSocketConnection]
  close: [connection: WebSocketConnection, closeReason: number, description: string]
  /** A handshake was malformed, or `accept` was given what it does not allow; it has been answered. */
  upgradeError: [error: UpgradeError]
}

/** Answers the upgrades of one or more HTTP servers that somebody else runs. */
export class WebSocketServer extends EventEmitter<ServerEvents> {
  config: MountedConfig | undefined
  /** Everybody who is connected. */
  connections: WebSocketConnection[] = []
  /** Requests nobody has answered yet. */
  pendingRequests: WebSocketRequest[] = []

  constructor(config?: IServerConfig) {
    super()
    if (config) this.mount(config)
  }

  /** @throws {Error} where `httpServer` is missing */
  mount(config: IServerConfig): void {
    if (!config.httpServer)
      throw new Error('You must specify an httpServer on which to mount the WebSocket server.')
    this.config = { ...serverDefaults, ...config, httpServer: [config.httpServer].flat() } as MountedConfig
    for (const server of this.config.httpServer) server.on('upgrade', this.#onUpgrade)
  }

  /** Takes no more requests; connections stay. */
  unmount(): void {
    for (const server of this.config?.httpServer ?? []) server.off('upgrade', this.#onUpgrade)
  }

  /** Closes every connection, and answers with 503 whoever waits. */
  closeAllConnections(): void {
    for (const connection of [...this.connections]) connection.close()
    for (const request of [...this.pendingRequests]) {
      process.nextTick(() => {
        if (!request.resolved) request.reject(503)
      })
    }
  }

  /** `unmount` and `closeAllConnections`. */
  shutDown(): void {
    this.unmount()
    this.closeAllConnections()
  }

  /** Sends to all: a Buffer as a binary message, anything else as text. */
  broadcast(data: Buffer | IStringified): void {
    if (Buffer.isBuffer(data)) this.broadcastBytes(data)
    else this.broadcastUTF(data)
  }

  broadcastUTF(data: IStringified): void {
    for (const connection of this.connections) connection.sendUTF(data)
  }

  broadcastBytes(data: Buffer): void {
    for (const connection of this.connections) connection.sendBytes(data)
  }

  /** Answers an `upgrade` event of an HTTP server; `first` is what came behind the request. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, first?: Buffer): void {
    const config = this.config
    if (config === undefined) throw new Error('The server is not mounted.')
    const asked = new WebSocketRequest(socket as Socket, request, config, first)
    try {
      asked.readHandshake()
    } catch (error) {
      const { httpCode, message, headers } = error as UpgradeError
      asked.reject(httpCode ?? 400, message, headers)
      tell(() => this.emit('upgradeError', error as UpgradeError))
      return
    }
    this.pendingRequests.push(asked)
    const settled = (): void => void remove(this.pendingRequests, asked)
    asked.once('requestResolved', settled)
    asked.once('requestAccepted', (connection) => this.#accepted(connection))
    socket.once('close', settled)
    this.#decide(asked, config)
  }

  #decide(asked: WebSocketRequest, { autoAcceptConnections }: MountedConfig): void {
    try {
      if (autoAcceptConnections) asked.accept(asked.requestedProtocols[0], asked.origin)
      else if (this.listenerCount('request') > 0) this.emit('request', asked)
      else asked.reject(404, 'No handler is configured to accept the connection.')
    } catch (error) {
      // What the client asked for is no reason to end the process; anything else is the application's own mistake.
      if (error instanceof AcceptError) tell(() => this.emit('upgradeError', error))
      else {
        if (!asked.resolved) asked.reject(500)
        tell(() => {
          throw error
        })
      }
    }
  }

  #accepted(connection: WebSocketConnection): void {
    connection.once('close', (closeReason, description) => {
      remove(this.connections, connection)
      tell(() => this.emit('close', connection, closeReason, description))
    })
    this.connections.push(connection)
    tell(() => this.emit('connect', connection))
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, first: Buffer): void =>
    this.handleUpgrade(request, socket, first)
}

function remove<Item>(items: Item[], item: Item): void {
  const index = items.indexOf(item)
  if (index >= 0) items.splice(index, 1)
}
