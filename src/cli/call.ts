import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

import { createHubClient } from './hub-client.ts'
import type { HubClient, HubOptions } from './hub-client.ts'
import { createOutput } from './output.ts'
import type { Output } from './output.ts'

/** Options that every command takes. */
export interface GlobalOptions extends HubOptions {
  readonly json?: boolean
}

/** One call of a command: what it was asked, whom it asks, and where it answers. */
export interface Call<O> {
  readonly hub: HubClient
  readonly output: Output
  readonly options: O & GlobalOptions
}

/**
 * A command's action as commander calls it: the arguments, then the options, then the command.
 * @param act gets the call and the arguments; their types are its own to say, as commander's are
 */
export function action<O = object>(
  act: (call: Call<O>, ...args: never[]) => Promise<void>,
): (...given: readonly unknown[]) => Promise<void> {
  return (...given) => {
    const command = given.at(-1) as Command
    const options = command.optsWithGlobals<O & GlobalOptions>()
    const hub = createHubClient(options, process.env)
    const output = createOutput(options.json === true)
    return act({ hub, output, options }, ...(given.slice(0, -2) as never[]))
  }
}

/** For options that hold several names: `a,b`, or the option twice. */
export function commaSeparated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map((name) => name.trim())].filter((name) => name !== '')
}

/** A parser of options and arguments. */
export function wholeNumber(min: number, max?: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    const fits = number >= min && number <= (max ?? Number.MAX_SAFE_INTEGER)
    if (/^\d+$/.test(text) && fits) return number
    const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`
    throw new InvalidArgumentError(`It must be a whole number ${range}.`)
  }
}

/** A parser of options that are one of some words, in any case of their letters. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase())
    if (found !== undefined) return found
    throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`)
  }
}

/** A parser of options: hours, in parts too. */
export function hours(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && number >= 0) return number
  throw new InvalidArgumentError('It must be a number of hours, from 0.')
}

/** Only the entries that were given, as an API takes them. */
export function givenOnly<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}
