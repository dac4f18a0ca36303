// The conformance table: one case per line of cases.txt, with what is expected of it.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Role } from '../../src/protocol/index.ts'
import { readSession, type Session } from './session.ts'

/** `plain`: without an extension. `deflate`: with permessage-deflate, and the peer compresses its messages. */
export type Mode = 'plain' | 'deflate'

export interface Case {
  readonly line: number
  /** `group/what`; unique. */
  readonly name: string
  readonly roles: readonly Role[]
  readonly modes: readonly Mode[]
  /** `max`, `fragments`, `ratio`: limits; `streamed`; `takeover`, `bits`: of the compression. */
  readonly options: ReadonlyMap<string, string>
  readonly session: Session
  /** What the connection tells, and what it sends. */
  readonly events: string
  readonly sent: string
}

const file = new URL('../../../test/conformance/cases.txt', import.meta.url)
const fields = ' | '

export function readCases(): Case[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) => (text === '' || text.startsWith('#') ? [] : [readCase(text, index + 1)]))
}

function readCase(text: string, line: number): Case {
  const [name = '', who = '', how = '', session = '', events = '', sent = ''] = text
    .split(fields)
    .map((field) => field.trim())
  const [mode = '', ...options] = how.split(' ')
  try {
    return {
      line,
      name,
      roles: oneOrBoth<Role>(who, 'server', 'client'),
      modes: oneOrBoth<Mode>(mode, 'plain', 'deflate'),
      options: new Map(options.map((option) => option.split('=') as [string, string])),
      session: readSession(session),
      events,
      sent,
    }
  } catch (error) {
    throw new Error(`cases.txt:${line}: ${name} cannot be read`, { cause: error })
  }
}

function oneOrBoth<Name extends string>(text: string, one: Name, other: Name): Name[] {
  if (text === 'both') return [one, other]
  if (text === one || text === other) return [text as Name]
  throw new Error(`${JSON.stringify(text)} is neither ${one}, ${other} nor both`)
}

/** Writes new expectations into the table; all else of each line stays as it is. */
export function updateCases(
  outcomes: ReadonlyMap<number, { readonly events: string; readonly sent: string }>,
): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  for (const [line, { events, sent }] of outcomes) {
    const kept = (lines[line - 1] as string).split(fields).slice(0, 4)
    const told = sent !== '' ? [events, sent] : events !== '' ? [events] : []
    lines[line - 1] = [...kept, ...told].join(fields)
  }
  writeFileSync(file, lines.join('\n'))
}
