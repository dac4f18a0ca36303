import { readFileSync } from 'node:fs'
import os from 'node:os'

/** What the figures were measured on. @returns {import('../model.ts').Machine} */
export function machine() {
  const [first, ...others] = os.cpus()
  return {
    system: /^PRETTY_NAME="(.*)"$/m.exec(readOrEmpty('/etc/os-release'))?.[1] ?? os.type(),
    kernel: `${os.type()} ${os.release().split('-')[0]}`,
    processor: first?.model.trim() ?? 'unknown',
    processors: others.length + 1,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    congestionControl: readOrEmpty('/proc/sys/net/ipv4/tcp_congestion_control').trim(),
    node: process.versions.node,
  }
}

function readOrEmpty(/** @type {string} */ file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
