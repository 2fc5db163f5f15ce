import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

export interface Command {
  readonly stdout: Promise<string>
  readonly stderr: Readable
  readonly status: Promise<number | null>
}

const ROOT = new URL('..', import.meta.url).pathname

/** Begins a command of Belfry's on the hub of a data folder, as one user after the other would. */
export function beginCommand(
  folder: string,
  args: readonly string[],
  { input = '', session }: { readonly input?: string; readonly session?: string } = {},
): Command {
  const child = spawn(process.execPath, ['belfry.mjs', ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      ...{ NO_COLOR: '1', BELFRY_DATA: folder, BELFRY_URL: '', BELFRY_PROFILE: '' },
      BELFRY_SESSION: session,
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
    },
  })
  child.stdin.end(input)
  return {
    stdout: text(child.stdout),
    stderr: child.stderr,
    status: once(child, 'exit').then(() => child.exitCode),
  }
}

/** Runs it to its end. */
export async function runCommand(...given: Parameters<typeof beginCommand>) {
  const { stdout, stderr, status } = beginCommand(...given)
  const [out, errors] = await Promise.all([stdout, text(stderr)])
  return { stdout: out, stderr: errors, status: await status }
}
