// Results as tables of Markdown.
import { dropInLimits } from '../limits.mjs'
import { median } from '../measuring/statistics.mjs'
import channels from '../scenarios/realtime.mjs'
import { digits, figureOf, ratioOf, withUnit } from './figures.mjs'

/** @import { Figure, Stored } from '../model.ts' */

/** A table whose columns stand under each other also as plain text; numbers to the right. */
export function table(/** @type {string[]} */ head, /** @type {string[][]} */ rows) {
  const widths = head.map((cell, at) =>
    Math.max(3, cell.length, ...rows.map((row) => (row[at] ?? '').length)),
  )
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(head), rule, ...rows.map((row) => line(head.map((_, at) => row[at] ?? '')))].join('\n')
}

const linesOf = (/** @type {readonly Stored[]} */ results) =>
  results.flatMap((stored) => stored.figures.map((figure) => ({ stored, figure })))

/** Whether it is about sessions in channels, which have a table of their own. */
export const isOfChannels = (/** @type {Stored} */ { scenario }) =>
  channels.some(({ name }) => name === scenario)

/** Channels beside Socket.IO, and beside topics without sessions. */
export function channelTable(/** @type {readonly Stored[]} */ results) {
  const rows = linesOf(results.filter(isOfChannels)).map(({ stored, figure }) => {
    const against = stored.peers.find(({ name }) => name !== 'polyplex')
    const found = against && ratioOf(stored, figure.id, against.name)
    const ratio = found === undefined ? '' : digits(found.ratio)
    return [
      figure.title,
      withUnit(figureOf(stored, 'polyplex', figure.id), figure.unit),
      against === undefined ? '' : against.label,
      withUnit(against && figureOf(stored, against.name, figure.id), figure.unit),
      found?.missed ? `**${ratio}**` : ratio,
      found?.limit === undefined ? '' : digits(found.limit),
    ]
  })
  return table(['case', 'Polyplex', 'beside', 'its figure', 'of it', 'at most'], rows)
}

/** Ours beside the two that count, with what was to be reached. */
export function ratioTable(/** @type {readonly Stored[]} */ results) {
  const rows = linesOf(results.filter((stored) => !isOfChannels(stored))).map(({ stored, figure }) => {
    const value = (/** @type {string} */ peer) =>
      withUnit(
        figureOf(stored, peer, figure.id) ?? figureOf(stored, `${peer}-client`, figure.id),
        figure.unit,
      )
    const ratio = (/** @type {'ws' | 'bun'} */ peer) => {
      const found = figure.unit === '%' ? undefined : ratioOf(stored, figure.id, peer)
      if (found === undefined) return ['', '']
      const text = digits(found.ratio)
      return [found.missed ? `**${text}**` : text, found.limit === undefined ? '' : digits(found.limit)]
    }
    return [figure.title, value('polyplex'), value('ws'), ...ratio('ws'), value('bun'), ...ratio('bun')]
  })
  return table(['case', 'Polyplex', 'ws', 'of ws', 'at most', 'Bun', 'of Bun', 'at most'], rows)
}

/** The drop-in beside what it stands in for: the same program on both. */
export function dropInTable(/** @type {readonly Stored[]} */ results) {
  const rows = linesOf(results).flatMap(({ stored, figure }) => {
    const ours = figureOf(stored, 'polyplex-ws', figure.id)
    const theirs = figureOf(stored, 'ws', figure.id)
    if (!ours || !theirs) return []
    const limit = dropInLimits[figure.id]
    const ratio = digits(ours / theirs)
    const isMissed = limit !== undefined && ours / theirs > limit
    return [
      [
        figure.title,
        withUnit(ours, figure.unit),
        withUnit(theirs, figure.unit),
        isMissed ? `**${ratio}**` : ratio,
        limit === undefined ? '' : digits(limit),
      ],
    ]
  })
  return table(['case', 'polyplex/ws', 'ws', 'of ws', 'at most'], rows)
}

/** Everybody who took part. */
export function fullTable(/** @type {readonly Stored[]} */ results) {
  const labels = new Map(
    results.flatMap(({ peers, missing }) => [...peers, ...missing].map(({ name, label }) => [name, label])),
  )
  const names = [...labels.keys()].filter((name) => !name.endsWith('-client'))
  const rows = linesOf(results)
    .filter(
      ({ stored }) => !isOfChannels(stored) && !stored.peers.some(({ name }) => name.endsWith('-client')),
    )
    .map(({ stored, figure }) => [
      figure.title,
      ...names.map((name) => withUnit(figureOf(stored, name, figure.id), figure.unit) || '–'),
    ])
  return table(['case', ...names.map((name) => labels.get(name) ?? name)], rows)
}

/** What a client costs. */
export function clientTable(/** @type {readonly Stored[]} */ results) {
  const ofClients = results.filter(({ peers }) => peers.some(({ name }) => name.endsWith('-client')))
  const peers = ofClients[0]?.peers ?? []
  const rows = linesOf(ofClients).map(({ stored, figure }) => [
    figure.title,
    ...peers.map(({ name }) => withUnit(figureOf(stored, name, figure.id), figure.unit)),
  ])
  return table(['case', ...peers.map(({ label }) => label)], rows)
}

/** How busy the server, the load generator and the rest of the machine were, as parts of one processor. */
export function saturationTable(/** @type {readonly Stored[]} */ results) {
  const part = (/** @type {(number | undefined)[]} */ values) => {
    const known = values.filter((value) => value !== undefined)
    return known.length === 0 ? '' : `${Math.round(median(known) * 100)} %`
  }
  const rows = results.flatMap((stored) =>
    stored.peers
      .filter(
        ({ name, readings }) =>
          ['polyplex', 'ws', 'bun'].includes(name) && readings[0]?.serverCpu !== undefined,
      )
      .map(({ label, readings }) => [
        `${stored.title}: ${label}`,
        part(readings.map(({ serverCpu }) => serverCpu)),
        part(readings.map(({ generatorCpu }) => generatorCpu)),
        part(readings.map(({ otherCpu }) => otherCpu)),
        String(readings.length),
        spreadOf(readings, stored.figures[0]),
      ]),
  )
  return table(['case and server', 'server', 'generator', 'others', 'rounds', 'lowest to highest'], rows)
}

function spreadOf(
  /** @type {Stored['peers'][number]['readings']} */ readings,
  /** @type {Figure | undefined} */ figure,
) {
  if (figure === undefined) return ''
  const values = readings.map(({ values }) => values[figure.id] ?? Number.NaN)
  return `${digits(Math.min(...values))} – ${digits(Math.max(...values))}`
}

/** The whole page: what was measured, on what, how, and what came out. */
export function page(/** @type {readonly Stored[]} */ results) {
  const last = results.at(-1)
  if (last === undefined) return 'No results yet: `npm run bench` makes them.\n'
  const { machine } = last
  const days = [...new Set(results.map(({ measuredAt }) => measuredAt.slice(0, 10)))].sort()
  const versions = new Map(
    results.flatMap(({ peers }) => peers.map(({ label, version }) => [label, version])),
  )
  const missing = new Map(results.flatMap(({ missing }) => missing.map(({ label, why }) => [label, why])))
  const lines = [
    '# Results',
    '',
    'Written by `npm run bench`; what the words mean stands in [the README](../README.md) of the benchmarks.',
    '',
    `Measured ${days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`} on ${machine.processor}, ${machine.processors} processors,`,
    `${machine.memoryGiB} GiB, ${machine.system}, ${machine.kernel} (TCP ${machine.congestionControl ?? ''}), Node ${machine.node}, over the loopback interface. Figures are medians of`,
    'the rounds; µs are CPU of the server process, user and system. Bold: above what was to be reached.',
    '',
    '## Ours beside ws and Bun',
    '',
    ratioTable(results),
    '',
    '## polyplex/ws in the place of ws',
    '',
    'The same program, once with `ws` and once with `polyplex/ws`, both behind `node:http`.',
    '',
    dropInTable(results),
    '',
    '## Channels',
    '',
    'Sessions, positions, acknowledgements and all; beside Socket.IO with its own protocol over WebSocket, and beside topics of ours without sessions.',
    '',
    channelTable(results),
    '',
    '## Everybody',
    '',
    fullTable(results),
    '',
    '“bare epoll in C” checks nothing and keeps nothing: it is what the system calls cost, not a server to use. “–”: does not',
    'do this, or is not here (see [versions](#versions)).',
    '',
    '## Clients',
    '',
    clientTable(results),
    '',
    '## What was saturated',
    '',
    'Parts of one processor. “Others” is what the rest of the machine used meanwhile.',
    '',
    saturationTable(results),
    '',
    '## What was sent',
    '',
    ...results.map(({ title, mix }) => `- ${title}: ${mix}`),
    '',
    '## Versions',
    '',
    ...[...versions]
      .filter(([, version]) => version !== '')
      .map(([label, version]) => `- ${label} ${version}`),
    ...[...missing].map(([label, why]) => `- ${label}: ${why}`),
    '',
  ]
  return lines.join('\n')
}
