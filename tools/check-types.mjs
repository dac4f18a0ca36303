// npm run check: types of everything, nothing written.
import { existsSync } from 'node:fs'
import { compile, root } from './project.mjs'

process.chdir(root)
const programs = ['tsconfig.json', 'tsconfig.build.json']
if (existsSync('test/browser') && existsSync('dist')) programs.push('tsconfig.browser.json')
const wrong = programs.filter((program) => !compile(program, '--noEmit'))
if (wrong.length > 0) process.exit(1)
