import { afterAll, beforeAll } from 'vitest'

import { alerting } from '../alerting.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { CERTIFICATE_FILE, startMailServer } from './mail-server.ts'
import type { MailServer } from './mail-server.ts'

/**
 * A hub with an organisation, and with the mail server that takes its letters, for all tests of a file.
 * @param flags beside those that lead to the mail server
 */
export function hubWithMail(flags: readonly string[] = []) {
  const folder = newDataFolder()
  /** What the mail server says to an address, such as 550; absent: it takes the letter. */
  const replies = new Map<string, number>()
  let hub: HubProcess
  let organisationId: string
  let mailServer: MailServer
  const start = () =>
    startHubProcess(folder, [
      ...['--allow-private-targets', '--smtp-host', 'localhost', '--smtp-ca', CERTIFICATE_FILE],
      ...['--smtp-port', String(mailServer.port), '--smtp-from', 'Belfry <belfry@example.com>'],
      ...flags,
    ])
  beforeAll(async () => {
    mailServer = await startMailServer({ replyTo: (address) => replies.get(address) })
    hub = await start()
    organisationId = (await createOrganisation(hub)).organisationId
  })
  afterAll(async () => {
    await hub.kill('SIGTERM')
    await mailServer.close()
    removeDataFolder(folder)
  })
  const letters = () => mailServer.letters
  return {
    ...alerting(() => ({ hub, organisationId })),
    folder,
    replies,
    hub: () => hub,
    organisationId: () => organisationId,
    letters,
    lettersTo: (address: string) => letters().filter(({ to }) => to.includes(address)),
    /** As after a failure of its machine. */
    killAndStart: async () => {
      await hub.kill('SIGKILL')
      hub = await start()
    },
  }
}
