export * from './nodejs-websocket/index.js'
export { default } from './nodejs-websocket/index.js'
