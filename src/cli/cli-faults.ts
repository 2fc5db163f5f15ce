/** What was asked for cannot be done: exit status 1. */
export class CommandFault extends Error {
  override readonly name = 'CommandFault'
}

/** The command was given something that cannot be meant: exit status 2. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault'
}

/** The hub said no: its own code and message, exit status 1. */
export class HubFault extends Error {
  override readonly name = 'HubFault'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}
