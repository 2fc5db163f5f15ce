import type { Command } from 'commander'

import { parseBusArn } from '#src/model/arn.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { createAccountNames } from './account-names.ts'
import type { HubClient } from './hub-client.ts'
import { styled } from './output.ts'
import type { Output } from './output.ts'
import { tailLine } from './tail-line.ts'
import type { StreamMessage } from './tail-line.ts'
import { localDay, printable, widthOf } from './terminal-text.ts'

export interface LineOptions {
  readonly ids?: boolean
}

export function withLineOptions(command: Command): Command {
  return command.option('--ids', 'begin each line with the id of the event, for "belfry trace"')
}

/** Prints a line for each event, and one before the first event of another day than today. */
export function createLinePrinter(
  hub: HubClient,
  output: Output,
  { ids = false }: LineOptions = {},
): (message: StreamMessage) => Promise<void> {
  const names = createAccountNames(hub)
  let day = localDay(clock.now())
  return async (message) => {
    const { accountName, acceptedAt, event } = message
    if (accountName !== undefined) names.learn(event.account, accountName)
    if (localDay(acceptedAt) !== day) {
      day = localDay(acceptedAt)
      await output.line(styled('dim', `-- ${day} --`))
    }
    const owner = parseBusArn(message.bus)?.account
    const ownerName =
      owner === undefined || owner === event.account ? undefined : await names.nameOf(owner)
    const id = ids ? `${printable(event.id)} ` : ''
    const line = tailLine(message, output.width - widthOf(id), ownerName)
    await output.line(styled('dim', id) + line)
  }
}
