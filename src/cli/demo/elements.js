/**
 * The page's own elements by id, and new ones. The ids are the contract with the page's tests.
 */

/** @param {string} id */
export function element(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no element with the id ${id}`)
  return found
}

/** @param {string} id */
export function input(id) {
  return /** @type {HTMLInputElement} */ (element(id))
}

/** @param {string} id */
export function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id))
}

/**
 * A new element with text in it, never markup.
 *
 * @param {string} name
 * @param {string} className
 * @param {string} [content]
 */
export function create(name, className, content = '') {
  const created = document.createElement(name)
  created.className = className
  created.textContent = content
  return created
}

/**
 * Shows what is wrong with a field, or with an empty text that nothing is.
 *
 * @param {string} id of the place for it
 * @param {string} problem
 * @param {HTMLElement} [field] the one to correct
 */
export function showProblem(id, problem, field) {
  element(id).textContent = problem
  for (const invalid of document.querySelectorAll(`[aria-invalid][aria-describedby~="${id}"]`)) {
    invalid.removeAttribute('aria-invalid')
  }
  field?.setAttribute('aria-invalid', 'true')
  field?.focus()
}

/** @param {unknown} error */
export function describeError(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
