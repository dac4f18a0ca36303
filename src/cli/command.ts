import { parseArgs } from 'node:util'
import { nearestName } from '../util/options.ts'
import { UsageError } from './usage-error.ts'

/** One option of a command, as it is parsed and as it is shown by `--help`. */
export interface OptionFacts {
  readonly type: 'boolean' | 'string'
  /** One letter for `-x`. */
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: boolean
  /** What stands for the value in the help, such as `PORT`. */
  readonly value?: string
  readonly help: string
}

export type OptionTable = Readonly<Record<string, OptionFacts>>

/** What was given: by option, and what belongs to none. */
export interface Arguments<Options extends OptionTable> {
  readonly values: { readonly [Name in keyof Options]: Value<Options[Name]> }
  readonly positionals: readonly string[]
}

type Value<Facts extends OptionFacts> = Facts['multiple'] extends true
  ? readonly string[]
  : Facts['type'] extends 'boolean'
    ? boolean
    : string | undefined

/** What a person types behind `polyplex`. */
export interface Command<Options extends OptionTable = OptionTable> {
  readonly name: string
  /** Behind the name in the help, such as `[DIR]`. */
  readonly operands: string
  /** How many operands it takes at least and at most. */
  readonly operandCounts: readonly [number, number]
  readonly options: Options
  /** What it does, in lines of at most 80 characters. */
  readonly description: string
  /** Examples and exit codes, below the options. */
  readonly notes: string
  /** Does it; answers the exit code. */
  run(given: Arguments<Options>): Promise<number>
}

/** Lets the compiler know the options of a command by name. */
export function command<const Options extends OptionTable>(facts: Command<Options>): Command {
  return facts as unknown as Command
}

const helpOption: OptionTable = { help: { type: 'boolean', short: 'h', help: 'show this help' } }

/**
 * Reads arguments the way people expect: long and short options in any order, `--` before operands that begin with
 * a dash.
 *
 * @throws {UsageError}
 */
export function parse(command: Command, args: readonly string[]): Arguments<OptionTable> & { help: boolean } {
  const table: OptionTable = { ...command.options, ...helpOption }
  const { tokens } = parseArgs({
    args: [...args],
    options: table,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const values: Record<string, boolean | string | string[] | undefined> = {}
  for (const [name, { type, multiple }] of Object.entries(table)) {
    values[name] = multiple ? [] : type === 'boolean' ? false : undefined
  }
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const facts = Object.hasOwn(table, token.name) ? table[token.name] : undefined
    if (facts === undefined) throw unknownOption(token.rawName, table)
    if (facts.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`option ${token.rawName} takes no value`)
      values[token.name] = true
      continue
    }
    if (token.value === undefined || (!token.inlineValue && /^-./.test(token.value))) {
      throw new UsageError(`option ${token.rawName} needs a value: ${token.rawName} ${facts.value}`)
    }
    const given = values[token.name]
    if (Array.isArray(given)) given.push(token.value)
    else if (given === undefined) values[token.name] = token.value
    else throw new UsageError(`option ${token.rawName} was given twice`)
  }
  const help = values['help'] === true
  const [least, most] = command.operandCounts
  if (!help && positionals.length < least) throw new UsageError(`${command.operands} is missing`)
  if (!help && positionals.length > most) {
    throw new UsageError(`one argument too many: '${positionals[most]}'`)
  }
  return { values: values as Arguments<OptionTable>['values'], positionals, help }
}

function unknownOption(rawName: string, table: OptionTable): UsageError {
  const nearest = rawName.startsWith('--') ? nearestName(rawName.slice(2), Object.keys(table)) : undefined
  const hint = nearest === undefined ? '' : `; did you mean '--${nearest}'?`
  return new UsageError(`no option '${rawName}'${hint}`)
}

/** What `--help` shows. */
export function helpOf({ name, operands, options, description, notes }: Command): string {
  const rows = Object.entries({ ...options, ...helpOption }).map(
    ([long, { short, value, multiple, help }]) => {
      const names = `${short === undefined ? '    ' : `-${short}, `}--${long}${value === undefined ? '' : ` ${value}`}`
      return [names, multiple ? `${help} (may be repeated)` : help] as const
    },
  )
  const usage = ['polyplex', name, operands, '[options]'].filter((word) => word !== '').join(' ')
  return `Usage: ${usage}\n\n${description}\n\nOptions:\n${columns(rows)}\n\n${notes}\n`
}

/** Two columns; lines of the second one may be several. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows
    .map(
      ([first, second]) =>
        `  ${first.padEnd(width)}  ${second.replaceAll('\n', `\n${' '.repeat(width + 4)}`)}`,
    )
    .join('\n')
}
