import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import { serve } from '../../src/server/index.ts'

async function ask(
  port: number,
  method: string,
  path: string,
  host: string,
): Promise<[number | undefined, string]> {
  const asked = request({ host: 'localhost', port, method, path, headers: { host } })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return [response.statusCode, body]
}

test('RFC 9112 §3.3 the URL of a request is its host and its path, whatever the path looks like', async (t) => {
  const server = await serve({ port: 0, fetch: ({ url }) => new Response(url) })
  t.after(() => server.close())
  for (const [path, host, url] of [
    ['/', 'example.com', 'http://example.com/'],
    ['/a?b', 'example.com:81', 'http://example.com:81/a?b'],
    ['//other.example/path', 'example.com', 'http://example.com//other.example/path'],
    ['//', '[::1]:80', 'http://[::1]//'],
    ['/\\other.example', 'example.com', 'http://example.com//other.example'],
    ['http://other.example/a', 'example.com', 'http://other.example/a'],
    ['*', 'example.com', 'http://example.com/*'],
  ] as const) {
    assert.deepEqual(await ask(server.port, 'GET', path, host), [200, url], path)
  }
})

test('RFC 9112 §3.2 a host that is none gets 400, and is no error of the server', async (t) => {
  const errors: Error[] = []
  const server = await serve({
    port: 0,
    fetch: () => new Response('reached'),
    error: (_, error) => errors.push(error),
  })
  t.after(() => server.close())
  for (const host of ['a b', 'a/b', 'user@a', 'a?b', 'a#b', 'a\\b', '[', 'a:99999']) {
    assert.deepEqual(await ask(server.port, 'GET', '/', host), [400, ''], host)
  }
  assert.deepEqual(errors, [])
})

test('RFC 9110 §9 a method that no Request can have gets 501, and is no error of the server', async (t) => {
  const errors: Error[] = []
  const server = await serve({
    port: 0,
    fetch: () => new Response('reached'),
    error: (_, error) => errors.push(error),
  })
  t.after(() => server.close())
  assert.deepEqual(await ask(server.port, 'TRACE', '/', 'example.com'), [501, ''])
  assert.deepEqual(errors, [])
})
