// @ts-check
// A certificate for `localhost`, signed by its own key and made in memory: for trying things out, never for a server
// that others use. Browsers warn about it, and clients have to be told to trust it.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const dayMs = 86_400_000

/** @returns {{ key: string, cert: string }} both in PEM; the certificate is its own authority */
export function selfSigned() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const algorithm = sequence(objectId('2a8648ce3d040302')) // ecdsa-with-SHA256
  const name = sequence(set(sequence(objectId('550403'), der(0x0c, Buffer.from('localhost'))))) // CN=localhost
  const names = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.of(127, 0, 0, 1)),
    der(0x87, Buffer.of(...new Array(15).fill(0), 1)),
  )
  const signed = sequence(
    der(0xa0, integer(Buffer.of(2))), // X.509 version 3
    integer(Buffer.from([0x01, ...randomBytes(15)])), // serial number
    algorithm,
    name, // issuer
    sequence(time(Date.now() - dayMs), time(Date.now() + 7 * dayMs)),
    name, // subject
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(objectId('551d11'), der(0x04, names)))), // subjectAltName
  )
  const signature = sign('sha256', signed, privateKey)
  const certificate = sequence(signed, algorithm, der(0x03, Buffer.of(0), signature))
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

/**
 * One value in DER (ITU-T X.690): tag, length, content.
 *
 * @param {number} tag
 * @param {Uint8Array[]} parts
 */
function der(tag, ...parts) {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

const sequence = (/** @type {Uint8Array[]} */ ...parts) => der(0x30, ...parts)
const set = (/** @type {Uint8Array[]} */ ...parts) => der(0x31, ...parts)
const objectId = (/** @type {string} */ hex) => der(0x06, Buffer.from(hex, 'hex'))
const integer = (/** @type {Uint8Array} */ bytes) => der(0x02, bytes)
const time = (/** @type {number} */ ms) =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
