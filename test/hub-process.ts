import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { signedHeaders } from '#src/model/sigv4.ts'

/** A hub in its own process, as a user starts it. */
export interface HubProcess {
  readonly url: string
  readonly folder: string
  readonly process: ChildProcess
  /** Of the administrator, which the first start alone makes. */
  readonly adminPassword?: string
  /** What it wrote to standard output until it listened. */
  readonly banner: string
  /** What it wrote to standard error. */
  errors(): string
  /** An access key of a profile that the hub keeps; waits until it is there. */
  profile(name: string): Promise<{ accessKeyId: string; secretAccessKey: string }>
  /** A signed call of the REST API by the operator. */
  rest(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>
  /** The same, answered as text. */
  restText(method: string, path: string, body?: unknown): Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
}

const ROOT = new URL('..', import.meta.url).pathname
/** It takes half a second; a busy machine may take many times as long. */
const START_TIMEOUT_MS = 60_000

export function newDataFolder(): string {
  return mkdtempSync(join(tmpdir(), 'belfry-test-'))
}

export function removeDataFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Starts a hub on a free port and waits until it says where it listens. */
export async function startHubProcess(
  folder: string,
  flags: readonly string[] = ['--allow-private-targets'],
  env: Readonly<Record<string, string>> = {},
): Promise<HubProcess> {
  const child = spawn(
    process.execPath,
    ['belfry.mjs', 'start', '--port', '0', '--data', folder, ...flags],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...env },
    },
  )
  let errors = ''
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  const { url, banner, adminPassword } = await bannerOf(child, () => errors)
  const credentials = () => readFileSync(join(folder, 'credentials'), 'utf8')
  const profile = async (name: string) => {
    for (;;) {
      const found = profileIn(credentials(), name)
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const send = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const caller = await profile('operator')
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = signedHeaders(
      {
        method,
        url: `/api/v1${path}`,
        headers: {
          host: new URL(url).host,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        body: text,
      },
      { ...caller, region: 'us-east-1', service: 'belfry', now: Date.now() },
    )
    return fetch(`${url}/api/v1${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: text }),
    })
  }
  return {
    url,
    banner,
    folder,
    process: child,
    ...(adminPassword !== undefined && { adminPassword }),
    errors: () => errors,
    profile,
    rest: async (method, path, body) => {
      const response = await send(method, path, body)
      const answer = await response.text()
      return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer) }
    },
    restText: async (method, path, body) => (await send(method, path, body)).text(),
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await once(child, 'exit')
    },
  }
}

interface Banner {
  readonly url: string
  readonly banner: string
  readonly adminPassword: string | undefined
}

async function bannerOf(child: ChildProcess, errors: () => string): Promise<Banner> {
  let output = ''
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`the hub ${reason}: ${output}${errors()}`))
    const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS)
    child.on('exit', () => fail('exited'))
    child.stdout?.on('data', (text: Buffer) => {
      output += text.toString()
      const url = /listening on\s+(http\S+)/.exec(output)?.[1]
      if (url === undefined || !output.includes('Ctrl-C')) return
      clearTimeout(timer)
      const file = /password\s+in (\S+)/.exec(output)?.[1]
      const adminPassword = file && readFileSync(file, 'utf8').trim()
      resolve({ url, banner: output, adminPassword })
    })
  })
}

function profileIn(text: string, name: string) {
  const section = new RegExp(
    `\\[${name}\\]\\naws_access_key_id = (\\S+)\\naws_secret_access_key = (\\S+)`,
  ).exec(text)
  if (section === null) return undefined
  return { accessKeyId: section[1] as string, secretAccessKey: section[2] as string }
}
