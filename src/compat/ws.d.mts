import WebSocket from './ws.cjs'
export default WebSocket
export { WebSocket }
