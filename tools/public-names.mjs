// The names a user can import from each subpath, read from the built package: values and types.
// `node tools/public-names.mjs --write` makes them the expected ones (test/package/public-names.json).
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJson, root } from './project.mjs'

/** @typedef {{ values: string[], types: string[] }} Names */

/** @returns {Record<string, Names>} by subpath */
export function publicNames() {
  const { exports } = readJson(join(root, 'package.json'))
  const subpaths = Object.entries(exports).filter(([, target]) => typeof target === 'object')
  return Object.fromEntries(
    subpaths.map(([subpath, entry]) => [
      subpath,
      sorted(namesIn(join(root, entry.types ?? entry.import.types))),
    ]),
  )
}

/**
 * The names of a declaration file that holds re-exports and plain declarations.
 * @returns {Map<string, 'value' | 'type'>}
 */
function namesIn(/** @type {string} */ file) {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  /** @type {Map<string, 'value' | 'type'>} */
  const names = new Map()
  for (const [, specifier = ''] of text.matchAll(/^export \* from '([^']+)'/gm)) {
    const target = resolve(dirname(file), specifier.replace(/(\.d)?\.[jt]s$/, '.d.ts'))
    for (const [name, kind] of namesIn(target)) names.set(name, kind)
  }
  for (const [, allTypes, list = ''] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const entry of list.split(',').filter((part) => part.trim() !== '')) {
      const [, type, , name = ''] = /** @type {RegExpExecArray} */ (
        /^\s*(type )?(\S+ as )?(\S+)\s*$/.exec(entry)
      )
      names.set(name, allTypes !== undefined || type !== undefined ? 'type' : 'value')
    }
  }
  const declaration = /^export (?:declare )?(?:abstract )?(class|const|function|let|interface|type) (\w+)/gm
  for (const [, kind, name = ''] of text.matchAll(declaration)) {
    names.set(name, kind === 'interface' || kind === 'type' ? 'type' : (names.get(name) ?? 'value'))
  }
  // As drop-ins write it: values of a namespace, and what `import` gives without a name.
  for (const [, name = ''] of text.matchAll(/^export import (\w+) =/gm)) names.set(name, 'value')
  if (/^export default /m.test(text)) names.set('default', 'value')
  return names
}

/** @returns {Names} */
function sorted(/** @type {Map<string, 'value' | 'type'>} */ names) {
  const of = (/** @type {'value' | 'type'} */ kind) =>
    [...names]
      .filter(([, its]) => its === kind)
      .map(([name]) => name)
      .sort()
  return { values: of('value'), types: of('type') }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = `${JSON.stringify(publicNames(), undefined, 2)}\n`
  if (process.argv.includes('--write')) writeFileSync(join(root, 'test/package/public-names.json'), text)
  else process.stdout.write(text)
}
