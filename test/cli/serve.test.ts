import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { get as getSecure } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { load } from '../examples/example.ts'
import { startServer } from './program.ts'
import { refusalOf, WsClient } from './ws-client.ts'

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Asks for a path exactly as it is written; `fetch` would tidy it up first. */
async function get(
  url: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const asked = request({ hostname, port, path, method, headers })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode, headers: response.headers, body }
}

/** A folder of somebody's, with a secret beside it. */
function makeFolder(t: TestContext): string {
  const outside = mkdtempSync(join(tmpdir(), 'polyplex-serve-'))
  t.after(() => rmSync(outside, { recursive: true, force: true }))
  writeFileSync(join(outside, 'secret.txt'), 'secret')
  const folder = join(outside, 'public')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), '<h1>home</h1>')
  writeFileSync(join(folder, 'sub', 'index.html'), '<h1>sub</h1>')
  writeFileSync(join(folder, 'two words.txt'), 'grüße')
  writeFileSync(join(folder, 'empty.css'), '')
  writeFileSync(join(folder, 'data.unknown'), 'x')
  writeFileSync(join(folder, '.env'), 'secret')
  writeFileSync(join(folder, 'echo'), 'a file beside an endpoint')
  mkdirSync(join(folder, '.git'))
  writeFileSync(join(folder, '.git', 'config'), 'secret')
  mkdirSync(join(outside, 'public-not'))
  writeFileSync(join(outside, 'public-not', 'secret.txt'), 'secret')
  symlinkSync(join(outside, 'secret.txt'), join(folder, 'link-out.txt'))
  symlinkSync(outside, join(folder, 'folder-out'))
  symlinkSync(join(outside, 'public-not'), join(folder, 'neighbour'))
  symlinkSync(join(folder, '.env'), join(folder, 'link-hidden.txt'))
  symlinkSync(join(folder, 'two words.txt'), join(folder, 'link-in.txt'))
  return folder
}

test('serve: files of the folder come with their type and length', async (t) => {
  const { url } = await startServer(t, 'serve', makeFolder(t))
  for (const [path, type, body] of [
    ['/', 'text/html; charset=utf-8', '<h1>home</h1>'],
    ['/?a=b', 'text/html; charset=utf-8', '<h1>home</h1>'],
    ['/index.html', 'text/html; charset=utf-8', '<h1>home</h1>'],
    ['/sub/', 'text/html; charset=utf-8', '<h1>sub</h1>'],
    ['/two%20words.txt', 'text/plain; charset=utf-8', 'grüße'],
    ['/empty.css', 'text/css; charset=utf-8', ''],
    ['/data.unknown', 'application/octet-stream', 'x'],
    ['/link-in.txt', 'text/plain; charset=utf-8', 'grüße'],
  ] as const) {
    const answer = await get(url, path)
    assert.equal(answer.status, 200, path)
    assert.equal(answer.headers['content-type'], type, path)
    assert.equal(answer.headers['content-length'], String(Buffer.byteLength(body)), path)
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', path)
    assert.ok(answer.headers['content-security-policy'], path)
    assert.equal(answer.body, body, path)
  }
})

test('serve: no path leads out of the folder or to what is hidden', async (t) => {
  const { url } = await startServer(t, 'serve', makeFolder(t))
  for (const path of [
    '/../secret.txt',
    '/sub/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2E%2E/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/%252e%252e/secret.txt',
    '/sub/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/../public-not/secret.txt',
    '//secret.txt',
    '/./../secret.txt',
    '/link-out.txt',
    '/folder-out/secret.txt',
    '/neighbour/secret.txt',
    '/link-hidden.txt',
    '/.env',
    '/%2eenv',
    '/.git/config',
    '/.git/',
    '/index.html/',
    '/index.html%00.txt',
    '/%',
    '/%ff',
    '/etc/passwd',
    '/nothing',
  ]) {
    const { status, body } = await get(url, path)
    assert.equal(status, 404, path)
    assert.doesNotMatch(body, /secret|root:/, path)
  }
})

test('serve: a folder without its slash leads to the one with it, on the same host', async (t) => {
  const { url } = await startServer(t, 'serve', makeFolder(t))
  const { status, headers } = await get(url, '/sub?a=b')
  assert.equal(status, 308)
  assert.equal(headers.location, '/sub/?a=b')
  assert.equal((await get(url, '//elsewhere.example/..')).headers.location, undefined)
})

test('serve: what has not changed is answered with 304', async (t) => {
  const folder = makeFolder(t)
  const { url } = await startServer(t, 'serve', folder)
  const { headers } = await get(url, '/')
  const tag = String(headers.etag)
  for (const wanted of [tag, `"other", ${tag}`, `W/${tag}`, '*']) {
    const answer = await get(url, '/', { headers: { 'if-none-match': wanted } })
    assert.equal(answer.status, 304, wanted)
    assert.equal(answer.headers.etag, tag)
    assert.equal(answer.body, '')
  }
  writeFileSync(join(folder, 'index.html'), '<h1>changed</h1>')
  const changed = await get(url, '/', { headers: { 'if-none-match': tag } })
  assert.equal(changed.status, 200)
  assert.equal(changed.body, '<h1>changed</h1>')
})

test('serve: HEAD answers like GET without a body, other methods get 405', async (t) => {
  const { url } = await startServer(t, 'serve', makeFolder(t))
  const head = await get(url, '/', { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '13', ''])
  const post = await get(url, '/', { method: 'POST' })
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
})

test('serve: an endpoint asked without upgrade answers 426, unless there is a file of that name', async (t) => {
  const { url } = await startServer(t, 'serve', makeFolder(t))
  const { status, headers } = await get(url, '/upper')
  assert.deepEqual([status, headers.upgrade, headers.connection], [426, 'websocket', 'Upgrade'])
  assert.equal((await get(url, '/echo')).body, 'a file beside an endpoint')
})

test('serve: without a folder the demo page comes, whole', async (t) => {
  const { url } = await startServer(t, 'serve')
  const page = await get(url, '/')
  assert.equal(page.status, 200)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  const files = [...page.body.matchAll(/(?:src|href)="([^"#:]+)"/g)].map(([, file]) => file)
  assert.ok(files.length > 2)
  for (const file of files) assert.equal((await get(url, `/${file}`)).status, 200, file)
})

test('serve: /upper answers louder, and only text', async (t) => {
  const { ws } = await startServer(t, 'serve')
  const client = await WsClient.open(t, `${ws}upper`)
  client.send('grüße')
  assert.equal(await client.next(), 'GRÜSSE!!!')
  client.send(Uint8Array.of(1))
  assert.equal((await client.closed).code, 1003)
})

test('serve: /clock tells the time at once and again 5 seconds later', async (t) => {
  const { ws } = await startServer(t, 'serve')
  const client = await WsClient.open(t, `${ws}clock`)
  const times = [String(await client.next()), String(await client.next())]
  for (const time of times) assert.equal(new Date(time).toISOString(), time)
  const [first, second] = times.map((time) => Date.parse(time)) as [number, number]
  assert.ok(second - first >= 4_900 && second - first < 7_000, `${second - first} ms`)
})

test('serve: /chat tells who came and left, and passes on what is said', async (t) => {
  const { ws } = await startServer(t, 'serve')
  const one = await WsClient.open(t, `${ws}chat`)
  assert.deepEqual(await one.nextJson(), { type: 'welcome', name: 'Guest 1', present: ['Guest 1'] })
  const two = await WsClient.open(t, `${ws}chat`)
  const present = ['Guest 1', 'Guest 2']
  assert.deepEqual(await two.nextJson(), { type: 'welcome', name: 'Guest 2', present })
  assert.deepEqual(await one.nextJson(), { type: 'joined', name: 'Guest 2', present })
  two.send('hello')
  const said = (await one.nextJson()) as { at: string }
  assert.deepEqual(said, { type: 'message', from: 'Guest 2', text: 'hello', at: said.at })
  assert.equal(new Date(said.at).toISOString(), said.at)
  one.send('hi')
  assert.equal(((await two.nextJson()) as { text: string }).text, 'hi', 'nobody hears what he said himself')
  await two.close()
  assert.deepEqual(await one.nextJson(), { type: 'left', name: 'Guest 2', present: ['Guest 1'] })
  one.send(Uint8Array.of(1))
  assert.equal((await one.closed).code, 1003)
})

test('serve: pages of other origins may not connect, and other paths are no endpoints', async (t) => {
  const { url, ws } = await startServer(t, 'serve')
  assert.equal(await refusalOf(`${ws}echo`, { origin: 'https://elsewhere.example' }), 403)
  assert.equal(await refusalOf(`${ws}nothing`), 404)
  await WsClient.open(t, `${ws}echo`, { origin: url.slice(0, -1) })
})

test('serve: with a certificate page and sockets are encrypted', async (t) => {
  const { selfSigned } = (await load(
    'http2',
    'certificate.mjs',
  )) as typeof import('../../examples/http2/certificate.mjs')
  const folder = makeFolder(t)
  const { cert, key } = selfSigned()
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  const { url, ws } = await startServer(t, 'serve', folder, '--tls-cert', certFile, '--tls-key', keyFile)
  assert.match(url, /^https:/)
  assert.match(ws, /^wss:/)
  const [response] = (await once(getSecure(url, { ca: cert }), 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 200)
  response.destroy()
  const client = await WsClient.open(t, `${ws}echo`, { ca: cert })
  client.send('hello')
  assert.equal(await client.next(), 'hello')
})
