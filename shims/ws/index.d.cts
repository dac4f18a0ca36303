import WebSocket = require('polyplex/ws')
export = WebSocket
