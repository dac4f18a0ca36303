/**
 * The message field: text, hex or a file; what was sent before comes back with the arrow keys.
 */

import { button, element, input, showProblem } from './elements.js'
import { parseHex, utf8Length } from './hex.js'
import { size, text } from './language.js'

/** @typedef {'text' | 'hex' | 'file'} Mode */
/** @typedef {string | Uint8Array<ArrayBuffer> | File} Sendable */

const MAXIMUM_RECALLED = 100
const MAXIMUM_TIMES = 10_000

export class Composer {
  /** @type {Mode} */
  #mode = 'text'
  /** @type {File | undefined} */
  #chosenFile
  /** @type {string[]} */
  #recalled = []
  #recalledIndex = 0
  #message = /** @type {HTMLTextAreaElement} */ (element('message'))
  #file = input('file')
  #submit

  /** @param {(data: Sendable, times: number) => boolean} submit says whether it could be sent */
  constructor(submit) {
    this.#submit = submit
    element('composer').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send()
    })
    this.#message.addEventListener('keydown', (event) => this.#key(event))
    this.#message.addEventListener('input', () => this.#typed())
    this.#message.addEventListener('paste', (event) => this.#take(event, event.clipboardData))
    for (const mode of /** @type {const} */ (['text', 'hex', 'file'])) {
      input(`mode-${mode}`).addEventListener('change', () => this.#setMode(mode))
    }
    this.#file.addEventListener('change', () => this.#choose(this.#file.files?.[0]))
    this.#acceptDrops(element('messages'))
  }

  focus() {
    if (this.#mode === 'file') this.#file.focus()
    else this.#message.focus()
  }

  /** What Escape means here: let go of the file, or come back from wherever the focus is. */
  escape() {
    if (document.activeElement === this.#file && this.#chosenFile) this.#choose(undefined)
    else this.focus()
  }

  /** Puts its changing words into the page's language. */
  translate() {
    this.#message.placeholder = text(this.#mode === 'hex' ? 'hexPlaceholder' : 'messagePlaceholder')
    element('file-name').textContent = this.#chosenFile?.name ?? text('orDrop')
    showProblem('send-problem', '')
    this.#fit()
  }

  /** @param {boolean} canSend */
  show(canSend) {
    // Not `disabled`: pressing it before connecting should say what is missing.
    button('send').ariaDisabled = String(!canSend)
  }

  #send() {
    const data = this.#read()
    if (data === undefined) return
    const times = Math.floor(input('repeat').valueAsNumber) || 1
    if (!this.#submit(data, Math.min(MAXIMUM_TIMES, Math.max(1, times)))) {
      showProblem('send-problem', text('notConnected'))
      return
    }
    showProblem('send-problem', '')
    if (this.#mode === 'file') return
    this.#remember(this.#message.value)
    this.#message.value = ''
    this.#fit()
  }

  /** @returns {Sendable | undefined} undefined when something is wrong with it, and the page says what */
  #read() {
    if (this.#mode === 'text') return this.#message.value
    if (this.#mode === 'file') {
      if (!this.#chosenFile) showProblem('send-problem', text('noFile'))
      return this.#chosenFile
    }
    const parsed = parseHex(this.#message.value)
    if ('bytes' in parsed) return parsed.bytes
    showProblem('send-problem', hexProblem(parsed), this.#message)
    return undefined
  }

  #typed() {
    const parsed = this.#mode === 'hex' ? parseHex(this.#message.value) : undefined
    // Half a byte is no problem while its second digit is being typed.
    showProblem('send-problem', parsed && 'wrong' in parsed ? hexProblem(parsed) : '')
    this.#fit()
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // While an input method composes Chinese, Enter and the arrows belong to it.
    if (event.isComposing || event.keyCode === 229) return
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (event.key === 'Enter') {
      event.preventDefault()
      if (event.shiftKey || event.ctrlKey || event.metaKey) this.#breakLine()
      else this.#send()
    } else if (step !== undefined && this.#canRecall()) {
      event.preventDefault()
      this.#recall(step)
    }
  }

  #breakLine() {
    this.#message.setRangeText('\n', this.#message.selectionStart, this.#message.selectionEnd, 'end')
    this.#fit()
  }

  /** Only from an empty field or an unchanged old message, so that no draft is lost. */
  #canRecall() {
    return this.#message.value === (this.#recalled[this.#recalledIndex] ?? '')
  }

  /** @param {number} step -1 to an older message, 1 to a newer one */
  #recall(step) {
    this.#recalledIndex = Math.min(this.#recalled.length, Math.max(0, this.#recalledIndex + step))
    this.#message.value = this.#recalled[this.#recalledIndex] ?? ''
    this.#fit()
  }

  /** @param {string} sent */
  #remember(sent) {
    if (sent !== '' && sent !== this.#recalled.at(-1)) this.#recalled.push(sent)
    if (this.#recalled.length > MAXIMUM_RECALLED) this.#recalled.shift()
    this.#recalledIndex = this.#recalled.length
  }

  /** @param {Mode} mode */
  #setMode(mode) {
    this.#mode = mode
    input(`mode-${mode}`).checked = true
    this.#message.hidden = mode === 'file'
    this.#message.classList.toggle('hex', mode === 'hex')
    element('file-field').hidden = mode !== 'file'
    this.translate()
  }

  /** @param {File | undefined} file */
  #choose(file) {
    this.#chosenFile = file
    if (!file) this.#file.value = ''
    this.translate()
  }

  /** @param {HTMLElement} target */
  #acceptDrops(target) {
    target.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      target.classList.add('drop')
    })
    target.addEventListener('dragleave', () => target.classList.remove('drop'))
    target.addEventListener('drop', (event) => {
      target.classList.remove('drop')
      this.#take(event, event.dataTransfer)
    })
  }

  /**
   * A file that was dropped or pasted; anything else goes its usual way.
   *
   * @param {Event} event
   * @param {DataTransfer | null} transfer
   */
  #take(event, transfer) {
    const file = transfer?.files[0]
    if (!file) return
    event.preventDefault()
    this.#setMode('file')
    this.#choose(file)
    button('send').focus()
  }

  /** Lets the field grow with its lines, and says how many bytes would be sent. */
  #fit() {
    this.#message.style.height = 'auto'
    this.#message.style.height = `${this.#message.scrollHeight + 2}px`
    const bytes = this.#byteLength()
    element('message-size').textContent = bytes === 0 ? '' : size(bytes)
  }

  #byteLength() {
    if (this.#mode === 'file') return this.#chosenFile?.size ?? 0
    if (this.#mode === 'text') return utf8Length(this.#message.value)
    const parsed = parseHex(this.#message.value)
    return 'bytes' in parsed ? parsed.bytes.length : 0
  }
}

/** @param {{ wrong: string } | { odd: true }} parsed */
function hexProblem(parsed) {
  return 'wrong' in parsed ? text('hexWrong', { character: parsed.wrong }) : text('hexOdd')
}
