import type { ClientSession } from './session.ts'

/** What is used of a page, as far as the platform has it. */
interface Page {
  readonly navigator?: { readonly onLine?: boolean }
  readonly document?: Partial<EventTarget> & { readonly visibilityState?: string }
  addEventListener?: EventTarget['addEventListener']
}

/** Tells a session what happens to the page it is in, if it is in one, until `signal` is aborted. */
export function watchPage(
  session: ClientSession,
  signal: AbortSignal,
  page: Page = globalThis as Page,
): void {
  const { document, navigator } = page
  page.addEventListener?.('online', () => session.setOnline(true), { signal })
  page.addEventListener?.('offline', () => session.setOnline(false), { signal })
  page.addEventListener?.('pageshow', () => session.setHidden(false), { signal })
  const hidden = (event: Event): void => {
    // A page that will not be shown again is gone, and others should see so at once.
    if ((event as Event & { persisted?: boolean }).persisted) session.setHidden(true)
    else session.close()
  }
  page.addEventListener?.('pagehide', hidden, { signal })
  const looked = (): void => {
    if (document?.visibilityState === 'visible') session.setHidden(false)
  }
  document?.addEventListener?.('visibilitychange', looked, { signal })
  if (navigator?.onLine === false) session.setOnline(false)
}
