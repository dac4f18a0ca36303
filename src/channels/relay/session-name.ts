/** Bytes of chance in the name of a node, and of a session on its node. Names are public; keys are what cannot be guessed. */
export const nodeNameBytes = 6
export const sessionNameBytes = 9

const form = /^([\w-]{8})\.[\w-]{12}$/

/** The name of a session says which node it lives on: `<node>.<random>`. */
export function sessionName(node: string, random: string): string {
  return `${node}.${random}`
}

/** The node a session lives on; nothing where that is no name of a session. */
export function homeOf(session: string): string | undefined {
  return form.exec(session)?.[1]
}
