/** Why an event was not taken. */
export class EmitFault extends Error {
  override readonly name = 'EmitFault'
  /**
   * The hub's, such as `tenancy-event.invalid` or `caller.forbidden`; or this client's own:
   * `queue.full`, `emitter.closed`, `event.not-json`, `hub.unreachable`, `hub.unknown-answer`.
   */
  readonly code: string
  readonly eventName: string
  readonly eventId: string
  constructor(code: string, message: string, about: EventReference, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.eventName = about.name
    this.eventId = about.id
  }
}

export interface EventReference {
  readonly name: string
  readonly id: string
}
