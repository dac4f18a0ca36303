// What the pages of the demo import by URL: built modules, which the server hands out.
declare module '*/polyplex/index.browser.js' {
  export { connect } from 'polyplex'
}
declare module '*/polyplex/ledger.js' {
  /** Of `src/cli/realtime-demo/ledger.ts`. */
  export class Ledger {
    readonly highest: number
    readonly arrived: number
    readonly doubled: number
    readonly disordered: number
    readonly missing: number
    take(number: number): void
  }
}
