import type { Page } from 'playwright-core'

/**
 * Texts in view whose contrast with what lies behind them is below WCAG 2.2 level AA (success criterion 1.4.3):
 * 4.5, or 3 for large text.
 */
export function lowContrasts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    interface Colour {
      readonly channels: readonly number[]
      readonly alpha: number
    }
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
    if (!canvas) throw new Error('No canvas to read colours with')
    const read = (colour: string): Colour => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data
      return { channels: [red, green, blue], alpha: alpha / 255 }
    }
    const over = (upper: Colour, lower: readonly number[]): number[] =>
      upper.channels.map((channel, index) => channel * upper.alpha + (lower[index] ?? 0) * (1 - upper.alpha))
    const behind = (element: Element | null): readonly number[] => {
      if (!element) return [255, 255, 255]
      const own = read(getComputedStyle(element).backgroundColor)
      return own.alpha === 1 ? own.channels : over(own, behind(element.parentElement))
    }
    const luminance = (channels: readonly number[]): number => {
      const [red = 0, green = 0, blue = 0] = channels.map((channel) =>
        channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4,
      )
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const low: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement
      const words = node.textContent?.trim() ?? ''
      if (!element || words === '' || !element.checkVisibility()) continue
      const style = getComputedStyle(element)
      const ground = behind(element)
      const [darker = 0, lighter = 0] = [luminance(ground), luminance(over(read(style.color), ground))].sort(
        (a, b) => a - b,
      )
      const contrast = (lighter + 0.05) / (darker + 0.05)
      const size = Number.parseFloat(style.fontSize)
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
      if (contrast < (isLarge ? 3 : 4.5)) low.push(`${words.slice(0, 40)}: ${contrast.toFixed(2)}`)
    }
    return low
  })
}
