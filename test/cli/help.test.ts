import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { readJson, root } from '../../tools/project.mjs'
import { program, run } from './program.ts'

const commands = ['serve', 'echo', 'relay', 'connect']

test('--help lists every command, and each has its own help', async () => {
  const overview = await run(['--help'])
  assert.equal(overview.code, 0)
  assert.equal(overview.stderr, '')
  for (const command of commands) {
    assert.match(overview.stdout, new RegExp(`^ {2}${command} +\\S`, 'm'))
    const help = await run([command, '--help'])
    assert.equal(help.code, 0)
    assert.match(help.stdout, new RegExp(`^Usage: polyplex ${command} `))
    assert.equal((await run(['help', command])).stdout, help.stdout)
    assert.equal((await run([command, '-h'])).stdout, help.stdout)
  }
})

test('no line of a help is wider than 100 columns', async () => {
  for (const args of [[], ...commands.map((command) => [command])]) {
    const { stdout } = await run([...args, '--help'])
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.length > 100),
      [],
    )
  }
})

test('--version prints the version of the package', async () => {
  const { version } = readJson(join(root, 'package.json'))
  assert.deepEqual(await run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  assert.equal((await run(['-v'])).stdout, `${version}\n`)
})

test('the program may be imported with arguments of the importer, as `npm start` does', async () => {
  const importing = `process.argv = [process.execPath, '', '--version']; await import(process.env.PROGRAM)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', importing], {
    env: { ...process.env, PROGRAM: pathToFileURL(program).href },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) printed += chunk
  assert.match(printed, /^\d+\.\d+\.\d+\n$/)
})

test('without a command the overview goes to standard error, exit code 1', async () => {
  const { code, stdout, stderr } = await run([])
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /^Usage: polyplex COMMAND/)
})

for (const [args, wanted] of [
  [['ecko'], "no command 'ecko'; did you mean 'echo'?"],
  [['--vesion'], "no option '--vesion'; did you mean '--version'?"],
  [['echo', '--prot', '1'], "no option '--prot'; did you mean '--port'?"],
  [['echo', '-x'], "no option '-x'"],
  [['echo', '--port'], 'option --port needs a value'],
  [['echo', '--port', '--json'], 'option --port needs a value'],
  [['echo', '--port', '1', '--port', '2'], 'option --port was given twice'],
  [['echo', '--port', '65536'], '--port must be a whole number from 0 to 65535'],
  [['echo', '--port', '1e3'], '--port must be a whole number from 0 to 65535'],
  [['echo', '--host', ''], '--host must not be empty'],
  [['echo', '--json=yes'], 'option --json takes no value'],
  [['echo', 'here'], "one argument too many: 'here'"],
  [['serve', '/no/such/folder'], "there is no folder '/no/such/folder'"],
  [['serve', 'package.json'], 'is no folder'],
  [['serve', '--tls-cert', 'x'], '--tls-cert and --tls-key go together'],
  [['serve', '--tls-cert', '/no/cert', '--tls-key', '/no/key'], "cannot read '/no/cert' (ENOENT)"],
  [['connect'], 'URL is missing'],
  [['connect', 'ws://a', 'ws://b'], 'one argument too many'],
  [['connect', 'ftp://example.com'], 'ftp'],
  [['connect', 'ws://localhost/#part'], 'connect'],
  [['connect', 'ws://localhost', '-p', 'a b'], 'connect'],
  [['connect', 'ws://localhost', '-p', 'a', '-p', 'a'], 'connect'],
  [['connect', 'ws://localhost', '-H', 'nothing'], "must look like 'Name: value'"],
  [['connect', 'ws://localhost', '-H', 'Upgrade: x'], 'Upgrade'],
] as const) {
  test(`polyplex ${args.join(' ')}: one line says what is wrong, exit code 1`, async () => {
    const { code, stdout, stderr } = await run(args)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /^polyplex.*\n$/)
    assert.ok(stderr.includes(wanted), stderr)
  })
}

test('colours are for terminals only', async () => {
  assert.ok(!(await run(['ecko'])).stderr.includes('\x1b'))
})
