module.exports = () => {
  throw new Error('ws is for servers and programs: in a browser, use its own WebSocket')
}
