/** One promise of a contract, and how to see that it is kept: `check` rejects where it is not. */
export interface ContractCase<Subject> {
  readonly title: string
  check(subject: Subject): Promise<void>
}

/** Declares a test, as `test` of `node:test`, Vitest and Jest does, and `it` of Mocha. */
export type DeclareTest = (title: string, check: () => Promise<void>) => unknown

/**
 * Declares a test for each promise of a contract. `subject` makes what is judged, anew for each of them; one that is
 * disposable is disposed of behind it.
 *
 * ```ts sketch
 * testContract(test, busContract, () => myBus())
 * ```
 */
export function testContract<Subject>(
  test: DeclareTest,
  contract: readonly ContractCase<Subject>[],
  subject: () => Subject | Promise<Subject>,
): void {
  for (const { title, check } of contract) {
    test(title, async () => {
      const judged = await subject()
      try {
        await check(judged)
      } finally {
        await (judged as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.()
      }
    })
  }
}

/** @throws {Error} where the two are not the same as JSON */
export function expect(found: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)]
  if (is !== should) throw new Error(`Expected ${short(should)}, found ${short(is)}`)
}

function short(text: string | undefined): string {
  return text === undefined ? 'nothing' : text.length > 1_000 ? `${text.slice(0, 1_000)} …` : text
}
