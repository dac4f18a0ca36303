// The chart, drawn by hand: for each case, what a message costs each server, as a part of what it costs ws.
import { figureOf, withUnit } from './figures.mjs'

/** @import { Figure, Stored } from '../model.ts' */

/** The cases that are drawn, with shorter words than in the table. */
const drawn = [
  ['echo-64-binary', 'Echo 64 B'],
  ['echo-64-binary-16', 'Echo 64 B, 16 in flight'],
  ['echo-64-text-16', 'Echo 64 B text, 16 in flight'],
  ['echo-4k', 'Echo 4 KiB'],
  ['echo-64k', 'Echo 64 KiB'],
  ['fan-out', 'Fan-out to 500'],
  ['fan-out-8', 'Fan-out to 500, 8 in flight'],
  ['echo-deflate', 'Echo 1 KB, compressed'],
  ['fan-out-deflate', 'Fan-out to 200, compressed'],
  ['handshake', 'Handshake'],
  ['idle-memory', 'Memory, idle connection'],
]

const servers = [
  { name: 'polyplex', label: 'Polyplex on Node' },
  { name: 'bun', label: 'Bun, native' },
  { name: 'ws', label: 'ws + bufferutil on Node' },
]

const themes = {
  light: {
    text: '#1f2328',
    faint: '#656d76',
    line: '#d8dee4',
    polyplex: '#0a7d5a',
    bun: '#b9a37a',
    ws: '#c3cad2',
  },
  dark: {
    text: '#e6edf3',
    faint: '#8d96a0',
    line: '#30363d',
    polyplex: '#3fc890',
    bun: '#8d7a55',
    ws: '#484f58',
  },
}

const width = 760
const labelWidth = 210
const plotWidth = 440
const barHeight = 8
const barGap = 2
const rowHeight = servers.length * (barHeight + barGap) + 12
const top = 62

/** @returns {Record<string, string>} files by name */
export function charts(/** @type {readonly Stored[]} */ results) {
  const rows = drawn.flatMap(([id = '', label = '']) => {
    for (const stored of results) {
      const figure = stored.figures.find((one) => one.id === id)
      const whole = figureOf(stored, 'ws', id)
      if (figure !== undefined && whole !== undefined) return [{ stored, figure, label, whole }]
    }
    return []
  })
  return {
    'chart-light.svg': draw(rows, themes.light),
    'chart-dark.svg': draw(rows, themes.dark),
  }
}

/** @typedef {{ stored: Stored, figure: Figure, label: string, whole: number }} Row */

function draw(/** @type {Row[]} */ rows, /** @type {typeof themes.light} */ colours) {
  const height = top + rows.length * rowHeight + 30
  // Nothing is drawn beyond the plot; where somebody is worse than ws, everything shrinks.
  const most = Math.max(
    1,
    ...rows.flatMap(({ stored, figure, whole }) =>
      servers.map(({ name }) => (figureOf(stored, name, figure.id) ?? 0) / whole),
    ),
  )
  const at = (/** @type {number} */ part) => Math.round((part / most) * plotWidth * 10) / 10
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Cost of a message on three servers, as a part of what it costs ws; shorter is better" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="12">`,
    `<text x="0" y="16" fill="${colours.text}" font-size="15" font-weight="600">What a message costs the server</text>`,
    `<text x="0" y="35" fill="${colours.faint}">CPU per message (memory in the last row), ws = 100 %; shorter is better</text>`,
    legend(colours),
  ]
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const x = labelWidth + at(part)
    parts.push(
      `<line x1="${x}" y1="${top}" x2="${x}" y2="${height - 24}" stroke="${colours.line}"/>`,
      `<text x="${x}" y="${height - 8}" fill="${colours.faint}" text-anchor="middle" font-size="11">${part * 100} %</text>`,
    )
  }
  for (const [index, { stored, figure, label, whole }] of rows.entries()) {
    const y = top + 8 + index * rowHeight
    const middle = y + (rowHeight - 12) / 2 + 3
    parts.push(`<text x="0" y="${middle}" fill="${colours.text}">${escaped(label)}</text>`)
    for (const [place, { name }] of servers.entries()) {
      const value = figureOf(stored, name, figure.id)
      if (value === undefined) continue
      const barTop = y + place * (barHeight + barGap)
      const length = Math.max(1, at(value / whole))
      const fill = colours[/** @type {'polyplex' | 'bun' | 'ws'} */ (name)]
      const weight = name === 'polyplex' ? ' font-weight="600"' : ''
      parts.push(
        `<rect x="${labelWidth}" y="${barTop}" width="${length}" height="${barHeight}" rx="1.5" fill="${fill}"/>`,
        `<text x="${labelWidth + length + 6}" y="${barTop + barHeight - 0.5}" fill="${name === 'polyplex' ? colours.text : colours.faint}" font-size="10"${weight}>${escaped(withUnit(value, figure.unit))}</text>`,
      )
    }
  }
  return `${[...parts, '</svg>'].join('\n')}\n`
}

function legend(/** @type {typeof themes.light} */ colours) {
  let x = labelWidth
  return servers
    .map(({ name, label }) => {
      const fill = colours[/** @type {'polyplex' | 'bun' | 'ws'} */ (name)]
      const entry = `<rect x="${x}" y="46" width="10" height="10" rx="2" fill="${fill}"/><text x="${x + 15}" y="55" fill="${colours.text}">${escaped(label)}</text>`
      x += 40 + label.length * 6.4
      return entry
    })
    .join('\n')
}

const escaped = (/** @type {string} */ text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
