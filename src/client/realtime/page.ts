import type { ClientSession } from './session.ts'

/** What is used of a page, as far as the platform has it. */
interface Page {
  readonly navigator?: { readonly onLine?: boolean }
  readonly document?: EventTarget & { readonly visibilityState?: string }
  addEventListener?: EventTarget['addEventListener']
}

/** Tells a session what happens to the page it is in, if it is in one; what it answers ends that. */
export function watchPage(session: ClientSession, page: Page = globalThis as Page): () => void {
  const watching = new AbortController()
  const listen = (target: EventTarget, type: string, listener: (event: Event) => void): void =>
    target.addEventListener(type, listener, { signal: watching.signal })
  if (page.addEventListener) {
    const target = page as unknown as EventTarget
    listen(target, 'online', () => session.setOnline(true))
    listen(target, 'offline', () => session.setOnline(false))
    listen(target, 'pageshow', () => session.setHidden(false))
    listen(target, 'pagehide', (event) => {
      // A page that will not be shown again is gone, and others should see so at once.
      if ((event as Event & { persisted?: boolean }).persisted) session.setHidden(true)
      else session.close()
    })
  }
  const { document } = page
  if (document?.addEventListener) {
    listen(document, 'visibilitychange', () => {
      if (document.visibilityState === 'visible') session.setHidden(false)
    })
  }
  if (page.navigator?.onLine === false) session.setOnline(false)
  return () => watching.abort()
}
