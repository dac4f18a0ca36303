// What `require` gives: the names that `import` gives, of the very same classes.
import type * as whole from './nodejs-websocket/index.js' with { 'resolution-mode': 'import' }

export declare const Connection: typeof whole.Connection
export type Connection = whole.Connection
export declare const Server: typeof whole.Server
export type Server = whole.Server
export declare const connect: typeof whole.connect
export declare const createServer: typeof whole.createServer
export declare const setBinaryFragmentation: typeof whole.setBinaryFragmentation
export declare const setMaxBufferLength: typeof whole.setMaxBufferLength
export type CompressionChoice = whole.CompressionChoice
export type ConnectionEvents = whole.ConnectionEvents
export type ConnectOptions = whole.ConnectOptions
export type InStream = whole.InStream
export type OutStream = whole.OutStream
export type SelectProtocol = whole.SelectProtocol
export type ServerEvents = whole.ServerEvents
export type ServerOptions = whole.ServerOptions
