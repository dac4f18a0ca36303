/**
 * Every word the page shows, in English and Chinese, and what the close codes mean.
 * `{name}` in a text is a place for a value.
 */

import { roomsChinese, roomsEnglish } from './rooms/texts.js'

/** @typedef {'en' | 'zh'} Language */
/** @typedef {keyof typeof english} TextKey */
/** @typedef {Record<string, string | number>} TextValues */

const english = {
  ...roomsEnglish,

  views: 'Views',
  viewChat: 'Chat',
  viewBench: 'WebSocket',

  title: 'Polyplex · WebSocket playground',
  tagline: 'WebSocket playground',
  skip: 'Skip to the message field',
  language: 'Language',
  theme: 'Colours',
  themeAuto: 'As the system',
  themeLight: 'Light',
  themeDark: 'Dark',

  connection: 'Connection',
  endpoints: 'Endpoints of this server',
  echoHint: 'Sends back what you send',
  upperHint: 'Answers in CAPITALS!!!',
  clockHint: 'Tells the time every 5 s',
  chatHint: 'Talk between two tabs',
  url: 'URL',
  subprotocols: 'Subprotocols',
  subprotocolsPlaceholder: 'optional, e.g. chat.v2',
  connect: 'Connect',
  disconnect: 'Disconnect',
  secondTab: 'Open a second tab',
  secondTabHint: 'The chat needs company.',

  messages: 'Messages',
  logLabel: 'Message log',
  copy: 'Copy',
  copied: 'Copied',
  copyFailed: 'The browser did not allow copying.',
  clear: 'Clear',
  cleared: 'The log is empty.',
  newBelow: '{count} new',
  dropped: '{count} older entries were dropped to stay fast.',
  emptyTitle: 'Two ways, one connection.',
  emptyHint: 'Connect, and everything said in either direction appears here. This is all it takes:',

  sendAs: 'Send as',
  asText: 'Text',
  asHex: 'Hex',
  asFile: 'File',
  message: 'Message',
  messagePlaceholder: 'Say something…',
  hexPlaceholder: '48 65 6c 6c 6f',
  chooseFile: 'Choose a file',
  orDrop: 'or drop it here',
  noFile: 'Choose a file first.',
  repeat: 'Times',
  send: 'Send',
  keys: 'Enter sends · Shift or Ctrl + Enter starts a new line · ↑ brings back the last one · Esc returns here',
  hexWrong: '“{character}” is not a hexadecimal digit.',
  hexOdd: 'A digit is missing: bytes have two.',
  notConnected: 'Not connected. Connect first, your message stays here.',

  live: 'Live state',
  noSocket: 'No socket yet',
  stateConnecting: 'Opening handshake…',
  stateOpen: 'Both sides can talk',
  stateClosing: 'Closing handshake…',
  stateClosed: 'The connection has ended',
  none: 'none',
  sent: 'Sent',
  received: 'Received',
  present: 'Here now',

  closing: 'Close with',
  code: 'Code',
  reason: 'Reason',
  reasonPlaceholder: 'optional',
  reasonBytes: '{count} / 123 bytes',
  close: 'Close',
  closeHint: 'Pages may send 1000 and 3000–4999.',
  noCodeSent: 'No code is sent',
  ended: 'How it ended',
  noReason: 'no reason given',
  ownReason: 'Ours: “{reason}”. The server gave none.',
  neverOpened: 'The connection could not be opened',
  cleanYes: 'closing handshake complete',
  cleanNo: 'no closing handshake',

  statusIdle: 'Ready when you are.',
  statusConnecting: 'Connecting to {url} …',
  statusOpen: 'Connected to {url} in {ms} ms.',
  statusClosing: 'Closing …',
  statusClosed: 'Closed: {code} {meaning}.',
  statusFailed: 'Could not connect to {url}.',
  statusReceived: 'Received: {text}',
  statusReceivedBinary: 'Received: {size}, binary',

  noteConnecting: 'Connecting to {url}',
  noteConnectingAs: 'Connecting to {url} as {protocols}',
  noteOpen: 'Open after {ms} ms',
  noteOpenAs: 'Open after {ms} ms as {protocol}',
  noteClosing: 'Closing',
  noteClosingWith: 'Closing with {code} {reason}',
  noteClosed: 'Closed: {code} {meaning}',
  noteClosedReason: 'Closed: {code} {meaning} — “{reason}”',
  noteFailed:
    'Could not connect ({code}). Is the server running? Does it know this path, and does it allow this page? Browsers do not tell pages more; the network panel of the developer tools may.',

  directionOut: 'Sent',
  directionIn: 'Received',
  directionNote: 'Connection',
  directionFault: 'Problem',
  kindText: 'text',
  emptyMessage: 'empty message',
  reading: 'reading…',
  unreadable: 'The content could not be read.',
  showAllCharacters: 'Show all {count} characters',
  showAllBytes: 'Show all {size}',
  showKept: 'Show the first {kept} of {size}',
  showLess: 'Show less',
  keptOnly: 'The log keeps the first {kept} of {size}.',

  chatWelcome: 'You are {name}',
  chatJoined: '{name} joined',
  chatLeft: '{name} left',
  chatPresent: '{count} here',
  raw: 'As received',
}

/** @type {Record<TextKey, string>} */
const chinese = {
  ...roomsChinese,

  views: '页面',
  viewChat: '聊天',
  viewBench: 'WebSocket 调试',

  title: 'Polyplex · WebSocket 体验台',
  tagline: 'WebSocket 体验台',
  skip: '跳到消息输入框',
  language: '语言',
  theme: '配色',
  themeAuto: '跟随系统',
  themeLight: '浅色',
  themeDark: '深色',

  connection: '连接',
  endpoints: '本服务器的端点',
  echoHint: '原样返回你发的内容',
  upperHint: '用大写字母回答!!!',
  clockHint: '每 5 秒报一次时间',
  chatHint: '两个标签页互相聊天',
  url: '地址 (URL)',
  subprotocols: '子协议',
  subprotocolsPlaceholder: '可选，例如 chat.v2',
  connect: '连接',
  disconnect: '断开',
  secondTab: '再开一个标签页',
  secondTabHint: '聊天需要有伴。',

  messages: '消息',
  logLabel: '消息日志',
  copy: '复制',
  copied: '已复制',
  copyFailed: '浏览器不允许复制。',
  clear: '清空',
  cleared: '日志已清空。',
  newBelow: '{count} 条新消息',
  dropped: '为保持流畅，已丢弃较早的 {count} 条。',
  emptyTitle: '一条连接，双向畅通。',
  emptyHint: '连接之后，双方说的每句话都会出现在这里。全部代码只有这些：',

  sendAs: '发送形式',
  asText: '文本',
  asHex: '十六进制',
  asFile: '文件',
  message: '消息',
  messagePlaceholder: '说点什么…',
  hexPlaceholder: '48 65 6c 6c 6f',
  chooseFile: '选择文件',
  orDrop: '或拖到这里',
  noFile: '请先选择文件。',
  repeat: '次数',
  send: '发送',
  keys: 'Enter 发送 · Shift 或 Ctrl + Enter 换行 · ↑ 取回上一条 · Esc 回到此处',
  hexWrong: '“{character}”不是十六进制数字。',
  hexOdd: '少了一位：每个字节需要两位。',
  notConnected: '尚未连接。请先连接，你的消息会保留在这里。',

  live: '实时状态',
  noSocket: '还没有套接字',
  stateConnecting: '正在握手…',
  stateOpen: '双方都可以发言',
  stateClosing: '正在进行关闭握手…',
  stateClosed: '连接已结束',
  none: '无',
  sent: '已发送',
  received: '已接收',
  present: '当前在场',

  closing: '按指定方式关闭',
  code: '关闭码',
  reason: '原因',
  reasonPlaceholder: '可选',
  reasonBytes: '{count} / 123 字节',
  close: '关闭',
  closeHint: '网页可以发送 1000 和 3000–4999。',
  noCodeSent: '不发送关闭码',
  ended: '如何结束',
  noReason: '没有说明原因',
  ownReason: '我方原因：“{reason}”。服务器没有给出原因。',
  neverOpened: '连接未能打开',
  cleanYes: '关闭握手已完成',
  cleanNo: '没有关闭握手',

  statusIdle: '一切就绪，随时可以连接。',
  statusConnecting: '正在连接 {url} …',
  statusOpen: '已连接 {url}，用时 {ms} 毫秒。',
  statusClosing: '正在关闭 …',
  statusClosed: '已关闭：{code} {meaning}。',
  statusFailed: '无法连接 {url}。',
  statusReceived: '收到：{text}',
  statusReceivedBinary: '收到：{size} 二进制数据',

  noteConnecting: '正在连接 {url}',
  noteConnectingAs: '正在连接 {url}，子协议 {protocols}',
  noteOpen: '{ms} 毫秒后打开',
  noteOpenAs: '{ms} 毫秒后打开，子协议 {protocol}',
  noteClosing: '正在关闭',
  noteClosingWith: '正在关闭，关闭码 {code} {reason}',
  noteClosed: '已关闭：{code} {meaning}',
  noteClosedReason: '已关闭：{code} {meaning}——“{reason}”',
  noteFailed:
    '无法连接（{code}）。服务器在运行吗？它认得这个路径吗，允许这个网页连接吗？浏览器不会告诉网页更多；可以看看开发者工具的网络面板。',

  directionOut: '已发送',
  directionIn: '已接收',
  directionNote: '连接',
  directionFault: '问题',
  kindText: '文本',
  emptyMessage: '空消息',
  reading: '正在读取…',
  unreadable: '无法读取内容。',
  showAllCharacters: '显示全部 {count} 个字符',
  showAllBytes: '显示全部 {size}',
  showKept: '显示 {size} 中的前 {kept}',
  showLess: '收起',
  keptOnly: '日志只保留 {size} 中的前 {kept}。',

  chatWelcome: '你是 {name}',
  chatJoined: '{name} 加入了',
  chatLeft: '{name} 离开了',
  chatPresent: '{count} 人在场',
  raw: '收到的原文',
}

export const texts = { en: english, zh: chinese }

/** What the codes of RFC 6455 section 7.4.1 and of the registry mean. @type {Record<number, [english: string, chinese: string]>} */
const codeMeanings = {
  1000: ['Normal closure', '正常关闭'],
  1001: ['Going away', '一方要离开'],
  1002: ['Protocol error', '协议错误'],
  1003: ['Unsupported data', '不支持的数据'],
  1004: ['Reserved', '保留'],
  1005: ['No code in the close frame', '关闭帧里没有关闭码'],
  1006: ['Abnormal closure: the connection broke', '异常关闭：连接中断'],
  1007: ['Invalid payload, such as broken UTF-8', '内容无效，例如损坏的 UTF-8'],
  1008: ['Policy violation', '违反规定'],
  1009: ['Message too big', '消息过大'],
  1010: ['An extension the client needs is missing', '缺少客户端需要的扩展'],
  1011: ['Internal server error', '服务器内部错误'],
  1012: ['Service restart', '服务重启'],
  1013: ['Try again later', '请稍后再试'],
  1014: ['Bad gateway', '网关错误'],
  1015: ['TLS handshake failed', 'TLS 握手失败'],
  3000: ['Unauthorized', '未授权'],
  3003: ['Forbidden', '禁止访问'],
  3008: ['Timeout', '超时'],
}

/**
 * @param {number} code
 * @param {Language} language
 */
export function closeMeaning(code, language) {
  const pick = language === 'zh' ? 1 : 0
  const known = codeMeanings[code]
  if (known) return known[pick]
  if (code >= 4000 && code <= 4999)
    return ['Private code of the application', '应用自定义的关闭码'][pick] ?? ''
  if (code >= 3000 && code <= 3999) return ['Code of a library or framework', '库或框架的关闭码'][pick] ?? ''
  return ['Unassigned', '未分配'][pick] ?? ''
}

/** @param {string} tag a language tag such as `zh-CN` @returns {Language} */
export function languageOf(tag) {
  return /^zh\b/i.test(tag) ? 'zh' : 'en'
}

/**
 * @param {Language} language
 * @param {TextKey} key
 * @param {TextValues} [values]
 */
export function textIn(language, key, values = {}) {
  return texts[language][key].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole))
}
