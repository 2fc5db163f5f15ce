import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}` }
const OLD_NODE = '/usr/bin/node'
const STRICT = ['--strict', '--exactOptionalPropertyTypes', '--target', 'es2022']
const COMPILE = [...STRICT, '--module', 'nodenext', '--types', '', '--outDir', '.']

const PROGRAM = `
import { EmitFault, createEmitter } from 'belfry/emit'
import type { EmitterOptions, TenancyEvent } from 'belfry/emit'

declare const process: { argv: readonly string[] }
const options: EmitterOptions = {
  url: process.argv[2] as string,
  accessKeyId: '7d1f6f0e-0c0d-4f3b-8c59-6a2d1c4e8b7a',
  secretAccessKey: 'x',
}
const emitter = createEmitter(options)
const resourceId = '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a'
const id: string = await emitter.emit(
  'VpcCreateEvent',
  { resourceId, status: 'SUCCESS' },
  { id: '11111111-1111-4111-8111-111111111111', aws: { accountId: '444455556666', region: 'eu-west-1' } },
)
let code = ''
try {
  await emitter.emit('HubCreateEvent', { resourceId, status: 'FAILED', errorCode: 'x' })
} catch (fault) {
  if (fault instanceof EmitFault) code = fault.code
}
await emitter.close()
export function described(event: TenancyEvent): string {
  if (event['detail-type'] !== 'AccountManagement: AccountCreateEvent') return ''
  return event.detail.accountName ?? event.detail.staxEventID
}
console.log(JSON.stringify([id, code]))
`

/** Each line must not compile. */
const WRONG = `
import { createEmitter } from 'belfry/emit'
const emitter = createEmitter({ url: 'http://h', accessKeyId: 'a', secretAccessKey: 's' })
const fields = { resourceId: 'x', status: 'SUCCESS' } as const
void emitter.emit('VpcCreatedEvent', fields)
void emitter.emit('VpcCreateEvent', { resourceId: 7, status: 'SUCCESS' })
void emitter.emit('VpcCreateEvent', { resourceId: 'x', status: 'DONE' })
void emitter.emit('VpcCreateEvent', { status: 'SUCCESS' })
void emitter.emit('VpcCreateEvent', { ...fields, resorceName: 'x' })
void emitter.emit('VpcCreateEvent', fields, { region: 'eu-west-1' })
void createEmitter({ url: 'http://h', accessKeyId: 'a' })
`

let folder: string
let packed: string

/** Packs a folder as npm does, and puts it where an installation would. */
async function install(what: string, into: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', into], {
    cwd: what,
    env,
  })
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{ filename: string }]
  mkdirSync(join(into, 'node_modules/belfry'), { recursive: true })
  const where = ['-C', 'node_modules/belfry', '--strip-components=1']
  await run('tar', ['-xzf', filename, ...where], { cwd: into })
  writeFileSync(join(into, 'package.json'), '{"type":"module"}')
  writeFileSync(join(into, 'program.ts'), PROGRAM)
  writeFileSync(join(into, 'wrong.ts'), WRONG)
  return join(into, 'node_modules/belfry')
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-emit-package-'))
  for (const name of ['small', 'root']) mkdirSync(join(folder, name))
  const dist = join(folder, 'dist')
  await run(process.execPath, [join(ROOT, 'packages/emit/build.mjs'), dist], { env })
  packed = await install(dist, join(folder, 'small'))
  await install(ROOT, join(folder, 'root'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(['small', 'root'])('belfry/emit of the %s package', (name) => {
  it('compiles in a strict program and runs on each Node', async () => {
    const cwd = join(folder, name)
    await run('tsc', [...COMPILE, 'program.ts'], { cwd, env })
    const requests: any[] = []
    const hub = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        requests.push({ text, headers: request.headers, url: request.url })
        const { events } = JSON.parse(text) as { events: { id: string; name: string }[] }
        const results = events.map(({ id, name: event }) =>
          event === 'HubCreateEvent' ? { code: 'a.code', message: 'no' } : { eventId: id },
        )
        response.end(JSON.stringify({ results }))
      })
    })
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/behind/a/proxy/`
    for (const node of [process.execPath, ...(existsSync(OLD_NODE) ? [OLD_NODE] : [])]) {
      const { stdout } = await run(node, ['program.js', url], { cwd })
      expect(JSON.parse(stdout)).toEqual(['11111111-1111-4111-8111-111111111111', 'a.code'])
    }
    hub.close()
    expect(requests[0].url).toBe('/behind/a/proxy/api/v1/tenancy-events')
    expect(requests[0].headers.authorization).toContain('/belfry/aws4_request')
    expect(JSON.parse(requests[0].text).events[0].aws.region).toBe('eu-west-1')
  })

  it('does not let a wrong name, field or option compile', async () => {
    const wrong = run('tsc', [...COMPILE, 'wrong.ts'], { cwd: join(folder, name), env })
    const { stdout } = await wrong.then(
      () => ({ stdout: 'it compiled' }),
      (error: { stdout: string }) => error,
    )
    const lines = new Set(
      [...stdout.matchAll(/^wrong\.ts\((\d+),/gm)].map(([, line]) => Number(line)),
    )
    expect([...lines]).toEqual([5, 6, 7, 8, 9, 10, 11])
  })
})

it('imports nothing but Node’s own crypto', () => {
  const texts = globSync('**/*.js', { cwd: packed }).map((file) =>
    readFileSync(join(packed, file), 'utf8'),
  )
  const imported = texts.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)])
  const others = imported.map(([, from]) => from).filter((from) => !from?.startsWith('.'))
  expect(new Set(others)).toEqual(new Set(['node:crypto']))
})
