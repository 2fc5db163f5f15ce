// Plain JavaScript for any Node from 18 on: finds a Node that can run Belfry's TypeScript.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const ROOT = fileURLToPath(new URL('.', import.meta.url))

/** The first release line that runs TypeScript as it is written and has a stable node:sqlite. */
const NODE_MAJOR_MIN = 24

/**
 * Runs a program of Belfry's: in this process if this Node is new enough, else in the newer Node
 * that npm runs on, else in the one that `npm ci` installed.
 * @param {string} program path below the root
 * @param {string[]} args
 */
export async function run(program, args) {
  const file = join(ROOT, program)
  const node = newerNode()
  if (node === undefined) {
    process.argv = [process.execPath, file, ...args]
    // Node 22 and later keep compiled code between starts: half the time of a command.
    module.enableCompileCache?.()
    await import(pathToFileURL(file).href)
    return
  }
  const child = spawn(node, [file, ...args], { stdio: 'inherit' })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
  })
}

/** @returns {string | undefined} the Node to use instead of this one */
function newerNode() {
  const npmMajor = Number(/ node\/v(\d+)/.exec(process.env.npm_config_user_agent ?? '')?.[1])
  const npmNode = process.env.npm_node_execpath
  if (npmMajor > major(process.version) && npmMajor >= NODE_MAJOR_MIN && npmNode) return npmNode
  if (major(process.version) >= NODE_MAJOR_MIN) return undefined
  const installed = join(ROOT, 'node_modules', '.bin', 'node')
  if (existsSync(installed)) return installed
  console.error(
    `Belfry needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.version}.\n` +
      `Run "npm ci" (on Linux it installs one), or install a newer Node from https://nodejs.org.`,
  )
  return process.exit(1)
}

/** @param {string} version */
function major(version) {
  return Number(version.slice(1).split('.')[0])
}
