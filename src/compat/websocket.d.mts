export * from './websocket/index.js'
export { default } from './websocket/index.js'
