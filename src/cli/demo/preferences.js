// A classic script in the head, on purpose: it runs before the first paint, so that a chosen theme or
// language never flashes the other one first. Everything else is a module.
;(() => {
  /** @param {string} key */
  const stored = (key) => {
    try {
      return localStorage.getItem(key)
    } catch {
      return null // storage is blocked: the browser's own wishes decide
    }
  }
  const root = document.documentElement
  const theme = stored('polyplex.theme')
  root.dataset['theme'] = theme === 'light' || theme === 'dark' ? theme : 'auto'
  const language = stored('polyplex.language') ?? navigator.language
  root.lang = /^zh\b/i.test(language) ? 'zh-Hans' : 'en'
})()
