import { createInterface } from 'node:readline/promises'
import { text as readText } from 'node:stream/consumers'

import { UsageFault } from './cli-faults.ts'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const BACKSPACES = new Set(['\u007f', '\b'])
const ENTER = new Set(['\r', '\n'])
/** As the shell says of a program that ctrl-C ended. */
const INTERRUPTED = 130

/** A password from standard input: asked for on a terminal, without echo, else read to its end. */
export async function readPassword(prompt: string): Promise<string> {
  if (process.stdin.isTTY) return askWithoutEcho(prompt)
  const password = (await readText(process.stdin)).replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new UsageFault('standard input is empty: the password is read from there')
}

/** One line of an answer, in the clear. */
export async function ask(prompt: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  terminal.on('SIGINT', () => process.exit(INTERRUPTED))
  try {
    return (await terminal.question(prompt)).trim()
  } finally {
    terminal.close()
  }
}

function askWithoutEcho(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(prompt)
  stdin.setRawMode(true).setEncoding('utf8').resume()
  return new Promise((resolve) => {
    let password = ''
    const finish = () => {
      stdin.off('data', onData)
      stdin.setRawMode(false).pause()
      stderr.write('\n')
    }
    const onData = (typed: string) => {
      for (const character of typed) {
        if (character === CTRL_C) {
          finish()
          process.exit(INTERRUPTED)
        }
        if (ENTER.has(character) || character === CTRL_D) {
          finish()
          resolve(password)
          return
        }
        password = BACKSPACES.has(character)
          ? Array.from(password).slice(0, -1).join('')
          : password + character
      }
    }
    stdin.on('data', onData)
  })
}
