const ACKNOWLEDGED = 1
const ID_BYTES = 16
const ROOM_FIRST = 1 << 16

/**
 * What is known of numbered events: which were acknowledged, where each arrived, and the one id
 * that it may have. Seventeen bytes of each, so that a run may have millions.
 */
export class Ledger {
  /** Events. */
  acknowledged = 0
  /** Arrivals. */
  arrived = 0
  /** Arrivals of an event where it had arrived before. */
  duplicates = 0
  /** Acknowledgements and arrivals with another id than the event's first. */
  underAnotherId = 0
  readonly #places: readonly string[]
  #marks = new Uint8Array(ROOM_FIRST)
  #ids = new Uint8Array(ROOM_FIRST * ID_BYTES)

  /** @param places where each event is to arrive: seven at most */
  constructor(places: readonly string[]) {
    this.#places = places
  }

  acknowledge(n: number, id: string): void {
    this.#mark(n, id, ACKNOWLEDGED)
    this.acknowledged += 1
  }

  arrive(n: number, id: string, place: string): void {
    const isFirst = this.#mark(n, id, this.#markOf(place))
    this.arrived += 1
    if (!isFirst) this.duplicates += 1
  }

  /** The acknowledged events that did not arrive everywhere. */
  missing(): readonly number[] {
    const everywhere = this.#places.reduce((sum, place) => sum | this.#markOf(place), ACKNOWLEDGED)
    const found: number[] = []
    for (const [n, marks] of this.#marks.entries()) {
      if ((marks & ACKNOWLEDGED) !== 0 && marks !== everywhere) found.push(n)
    }
    return found
  }

  #markOf(place: string): number {
    const at = this.#places.indexOf(place)
    if (at < 0) throw new Error(`"${place}" is none of ${this.#places.join(', ')}`)
    return ACKNOWLEDGED << (at + 1)
  }

  /** Whether the event did not have the mark. */
  #mark(n: number, id: string, mark: number): boolean {
    if (n >= this.#marks.length) this.#grow(n + 1)
    const before = this.#marks[n] ?? 0
    this.#marks[n] = before | mark
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
    const known = this.#ids.subarray(n * ID_BYTES, (n + 1) * ID_BYTES)
    if (before === 0) known.set(bytes)
    else if (!bytes.equals(known)) this.underAnotherId += 1
    return (before & mark) === 0
  }

  #grow(atLeast: number): void {
    const room = Math.max(atLeast, this.#marks.length * 2)
    const marks = new Uint8Array(room)
    marks.set(this.#marks)
    this.#marks = marks
    const ids = new Uint8Array(room * ID_BYTES)
    ids.set(this.#ids)
    this.#ids = ids
  }
}
