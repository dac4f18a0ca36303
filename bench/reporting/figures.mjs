// From readings to figures: medians, ratios, verdicts, and how they are written.
import { limits } from '../limits.mjs'
import { median } from '../measuring/statistics.mjs'

/** @import { Figure, Reading, Stored } from '../model.ts' */

/** @returns {number | undefined} the median of a figure over all rounds */
export function medianOf(/** @type {readonly Reading[]} */ readings, /** @type {string} */ id) {
  const values = readings.map(({ values }) => values[id]).filter((value) => value !== undefined)
  return values.length === 0 ? undefined : median(values)
}

/** @returns {number | undefined} */
export function figureOf(/** @type {Stored} */ stored, /** @type {string} */ peer, /** @type {string} */ id) {
  const found = stored.peers.find(({ name }) => name === peer)
  return found && medianOf(found.readings, id)
}

/** Our figure as a part of theirs, and what it may be at most. */
export function ratioOf(
  /** @type {Stored} */ stored,
  /** @type {string} */ id,
  /** @type {string} */ against,
) {
  const ours = figureOf(stored, 'polyplex', id) ?? figureOf(stored, 'polyplex-client', id)
  const theirs = figureOf(stored, against, id) ?? figureOf(stored, `${against}-client`, id)
  if (ours === undefined || theirs === undefined || theirs === 0) return undefined
  const limit = /** @type {Record<string, number> | undefined} */ (limits[id])?.[against]
  const ratio = ours / theirs
  return { ratio, limit, missed: limit !== undefined && ratio > limit }
}

/** Three digits, no more. */
export function digits(/** @type {number} */ value) {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(Math.abs(value) < 0.1 ? 2 : 3)))
}

export function withUnit(/** @type {number | undefined} */ value, /** @type {Figure['unit']} */ unit) {
  if (value === undefined) return ''
  if (unit === 'bytes') return `${digits(value / 1000)} KB`
  if (unit === '%') return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} %`
  return `${digits(value)} ${unit}`
}
