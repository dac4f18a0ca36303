import { EventEmitter } from 'node:events'
export class WebSocket extends EventEmitter {}
export default Object.assign(WebSocket, { WebSocket })
