import { readdirSync, readFileSync } from 'node:fs'
import { frames } from './frames.ts'
import { extensionHeader, requestHead, responseHead } from './handshakes.ts'
import { inflate } from './inflate.ts'
import type { Target } from './target.ts'

export const targets: readonly Target[] = [frames, requestHead, responseHead, extensionHeader, inflate]

/** The folder with a target's samples, in the sources. */
export function corpusOf(target: Target): URL {
  return new URL(`../../fuzz/corpus/${target.name}/`, import.meta.url)
}

export function samplesOf(target: Target): Uint8Array[] {
  const folder = corpusOf(target)
  return readdirSync(folder)
    .sort()
    .map((name) => target.readSample(readFileSync(new URL(name, folder), 'latin1')))
}
