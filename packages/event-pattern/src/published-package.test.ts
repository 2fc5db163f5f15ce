import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}` }

const PROGRAM = `
import { EventPattern, InvalidEventPatternError, RuleSet, textFault } from '@belfry/event-pattern'
import type { Explanation } from '@belfry/event-pattern'

const pattern = EventPattern.parse('{"detail":{"total":[{"numeric":[">",100]}]}}')
const rules = new RuleSet<string>()
rules.add('large', pattern)
const event = new TextEncoder().encode('{"detail":{"total":250}}')
const keys: readonly string[] = rules.match(event, { trusted: true })
const why: Explanation = pattern.explain('{"detail":{"total":"250"}}')
try {
  EventPattern.parse('{"a":[{"prefx":"x"}]}')
} catch (error) {
  if (!(error instanceof InvalidEventPatternError)) throw error
  console.log(JSON.stringify([keys, why.matches, why.summary, textFault(error).reason]))
}
`

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-package-'))
  mkdirSync(join(folder, 'node_modules/@belfry'), { recursive: true })
  const build = fileURLToPath(new URL('../build.mjs', import.meta.url))
  const out = join(folder, 'node_modules/@belfry/event-pattern')
  await run(process.execPath, [build, out], { env })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'program.ts'), PROGRAM)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a program in strict TypeScript compiles against the package and runs', async () => {
  const options = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--types', '']
  await run('tsc', [...options, 'program.ts'], { cwd: folder, env })
  const { stdout } = await run(process.execPath, ['program.js'], { cwd: folder })
  const [keys, matches, summary, reason] = JSON.parse(stdout) as unknown[]
  expect(keys).toEqual(['large'])
  expect(matches).toBe(false)
  expect(summary).toContain('detail.total')
  expect(reason).toBe('Unrecognized match type prefx')
})

test('the package imports nothing but itself', async () => {
  const out = join(folder, 'node_modules/@belfry/event-pattern')
  const files = (await readdir(out, { recursive: true })).filter((file) => file.endsWith('.js'))
  const texts = await Promise.all(files.map(async (file) => readFile(join(out, file), 'utf8')))
  const imported = texts.flatMap((text) => [...text.matchAll(/from '([^']+)'/g)])
  expect(imported.length).toBeGreaterThan(20)
  expect(imported.map(([, from]) => from).filter((from) => !from?.startsWith('.'))).toEqual([])
})
