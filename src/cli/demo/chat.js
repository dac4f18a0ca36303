/**
 * The protocol of `/chat`, for pages and for whoever writes another client.
 *
 * Client to server: every text message is something said.
 * Server to client: JSON text, one of
 *
 *   {"type":"welcome","name":"Guest 3","present":["Guest 1","Guest 3"]}      to the one who came
 *   {"type":"joined","name":"Guest 3","present":["Guest 1","Guest 3"]}       to all others
 *   {"type":"left","name":"Guest 3","present":["Guest 1"]}                   to all others
 *   {"type":"message","from":"Guest 1","text":"…","at":"2026-01-01T12:00:00.000Z"}   to all others
 *
 * The sender does not get its own message back: the page shows it as sent.
 */

/**
 * @typedef {{ type: 'welcome' | 'joined' | 'left', name: string, present: string[] }} ChatPresence
 * @typedef {{ type: 'message', from: string, text: string, at: string }} ChatMessage
 * @typedef {ChatPresence | ChatMessage} ChatEvent
 */

/**
 * The chat event a text is, or undefined when it is anything else.
 *
 * @param {string} text
 * @returns {ChatEvent | undefined}
 */
export function readChatEvent(text) {
  if (!text.startsWith('{')) return undefined
  /** @type {unknown} */
  let value
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const event = /** @type {{ [field in 'type' | 'name' | 'present' | 'from' | 'text' | 'at']?: unknown }} */ (
    value
  )
  switch (event.type) {
    case 'welcome':
    case 'joined':
    case 'left':
      if (typeof event.name !== 'string' || !isListOfNames(event.present)) return undefined
      return { type: event.type, name: event.name, present: event.present }
    case 'message':
      if (typeof event.from !== 'string' || typeof event.text !== 'string') return undefined
      return { type: 'message', from: event.from, text: event.text, at: String(event.at) }
    default:
      return undefined
  }
}

/**
 * @param {unknown} value
 * @returns {value is string[]}
 */
function isListOfNames(value) {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
