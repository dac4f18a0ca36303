import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchPage } from '../../../src/client/realtime/page.ts'
import { SessionStory } from './session-story.ts'

/** What of a page matters here. */
class ModelPage extends EventTarget {
  readonly navigator = { onLine: true }
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'visible' })

  happens(type: string, facts: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(type), facts))
  }
}

function inPage(): [SessionStory, ModelPage, () => void] {
  const story = SessionStory.open()
  const page = new ModelPage()
  const watching = new AbortController()
  watchPage(story.session, watching.signal, page)
  return [story, page, () => watching.abort()]
}

test('a page that may come back keeps its session, and resumes it when it does', () => {
  const [story, page] = inPage()
  page.happens('pagehide', { persisted: true })
  assert.equal(story.status, 'waiting')
  page.happens('pageshow')
  story.time.advance(100)
  assert.equal(story.status, 'open')
  assert.equal(story.beginnings.at(-1)?.kind, 'resumed')
})

test('a page that is left ends its session, so that others see at once that it is gone', () => {
  const [story, page] = inPage()
  page.happens('pagehide', { persisted: false })
  story.time.advance(100)
  assert.equal(story.status, 'closed')
  assert.equal(story.server.heard.at(-1)?.type, 'close')
})

test('a page that is looked at again does not wait any longer', () => {
  const [story, page] = inPage()
  story.network.refusal = {}
  story.network.cut()
  story.time.advance(600)
  assert.equal(story.status, 'waiting')
  story.network.refusal = undefined
  page.document.visibilityState = 'hidden'
  page.document.dispatchEvent(new Event('visibilitychange'))
  assert.equal(story.status, 'waiting')
  page.document.visibilityState = 'visible'
  page.document.dispatchEvent(new Event('visibilitychange'))
  story.time.advance(100)
  assert.equal(story.status, 'open')
})

test('without a network the state says offline, and back online it tries at once', () => {
  const [story, page] = inPage()
  page.happens('offline')
  story.network.mute()
  story.network.refusal = {}
  story.time.advance(6_000)
  assert.equal(story.status, 'offline')
  story.network.refusal = undefined
  page.happens('online')
  story.time.advance(100)
  assert.equal(story.status, 'open')
})

test('whoever watches a page no longer hears nothing of it', () => {
  const [story, page, stop] = inPage()
  stop()
  page.happens('pagehide', { persisted: false })
  assert.equal(story.status, 'open')
})

test('where there is no page there is nothing to watch', () => {
  const story = SessionStory.open()
  watchPage(story.session, new AbortController().signal, {})
  assert.equal(story.status, 'open')
})
