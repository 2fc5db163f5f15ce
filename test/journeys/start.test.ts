import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'

const run = promisify(execFile)
const ROOT = new URL('../..', import.meta.url).pathname
const folders: string[] = []
const folder = () => {
  const created = newDataFolder()
  folders.push(created)
  return created
}
afterAll(() => folders.forEach(removeDataFolder))

/** How a start that fails ends: exit status, and what it says. */
async function failedStart(...args: readonly string[]) {
  const command = ['belfry.mjs', 'start', ...args]
  try {
    await run(process.execPath, command, { cwd: ROOT, timeout: 20_000 })
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string }
    return { code, stderr }
  }
  throw new Error('it started')
}

it('a port that is taken ends the start, and leaves the data folder free', async () => {
  const hub = await startHubProcess(folder())
  const { port } = new URL(hub.url)
  const other = folder()
  const failure = await failedStart('--port', port, '--data', other)
  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('the port is taken') })
  const second = await startHubProcess(other)
  await second.kill('SIGTERM')
  await hub.kill('SIGTERM')
})

it('a data folder that another hub has open ends the start and says so', async () => {
  const data = folder()
  const hub = await startHubProcess(data)
  const failure = await failedStart('--port', '0', '--data', data)
  expect(failure).toEqual({
    code: 1,
    stderr: `belfry could not start: another hub is running on "${data}": stop it or give --data another folder\n`,
  })
  await hub.kill('SIGTERM')
})

it.each([
  [['--port', 'abc'], '--port must be a whole number from 0 to 65535, not "abc"'],
  [['--data', ''], '--data is empty'],
  [['--prot', '1'], "Unknown option '--prot'"],
])('called with %j it says what is wrong and exits with 2', async (args, message) => {
  const failure = await failedStart(...args)
  expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
})

it.each(['SIGTERM', 'SIGINT'] as const)('%s stops it cleanly, within seconds', async (signal) => {
  const hub = await startHubProcess(folder())
  const stream = await fetch(`${hub.url}/metrics`)
  expect(stream.status).toBe(200)
  await hub.kill(signal)
  expect(hub.process.exitCode).toBe(0)
  expect(hub.errors()).toBe('')
})

it('what it keeps is for its owner only', async () => {
  const data = folder()
  const hub = await startHubProcess(data)
  for (const file of ['credentials', 'config', 'master.key']) {
    const permissions = statSync(join(data, file)).mode & 0o777
    expect([file, permissions]).toEqual([file, 0o600])
  }
  await hub.kill('SIGTERM')
})

it("the administrator's password goes into a file of the owner's where there is no screen", async () => {
  const data = folder()
  const file = join(data, 'admin-password')
  const hub = await startHubProcess(data)
  expect(hub.banner).toContain(`password       in ${file}`)
  const password = readFileSync(file, 'utf8').trim()
  expect(password).toMatch(/^\w{24}$/)
  expect(hub.banner + hub.errors()).not.toContain(password)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  await hub.kill('SIGTERM')
  const again = await startHubProcess(data)
  expect(again.banner).not.toContain('password')
  await again.kill('SIGTERM')
})

// util-linux's: gives a command a terminal.
const hasScript = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false
it.skipIf(!hasScript)(
  'the administrator’s password is shown once on a screen, and in no file',
  async () => {
    const data = folder()
    const shownAtStart = async () => {
      const command = `exec ${process.execPath} belfry.mjs start --port 0 --data ${data}`
      const terminal = spawn('script', ['-qec', command, '/dev/null'], {
        cwd: ROOT,
        env: { ...process.env, NO_COLOR: '1' },
      })
      let output = ''
      for await (const text of terminal.stdout) {
        output += String(text)
        if (output.includes('Ctrl-C')) break
      }
      terminal.stdin.write('\x03')
      await once(terminal, 'exit')
      return /password\s+(\w{24})\s/.exec(output)?.[1]
    }
    expect(await shownAtStart()).toBeDefined()
    expect(existsSync(join(data, 'admin-password'))).toBe(false)
    expect(await shownAtStart()).toBeUndefined()
  },
)
