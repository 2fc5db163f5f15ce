/** Faults with a name: the edge turns each into an answer, the pipeline into a decision. */

/** The store has no room left; nothing was written. */
export class StoreFullFault extends Error {
  override readonly name = 'StoreFullFault'
  constructor(options?: ErrorOptions) {
    super(
      'the store is full and nothing was written: free disk space or raise --max-store-bytes',
      options,
    )
  }
}

/** More is waiting to be recorded than the hub may hold in memory. */
export class OverloadedFault extends Error {
  override readonly name = 'OverloadedFault'
  constructor() {
    super('too many events are waiting to be recorded: send slower or retry later')
  }
}

/** An error of an AWS protocol: code and message are AWS's. */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  readonly code: string
  readonly status: number
  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** An error of the REST API: `code` is `<noun>.<what is wrong>`. */
export class RestError extends Error {
  override readonly name = 'RestError'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}
