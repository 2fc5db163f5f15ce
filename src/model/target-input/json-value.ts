import { itemsOf, membersOf } from '#src/model/json-text.ts'

const NO_MEMBERS: ReadonlyMap<string, JsonValue> = new Map()

/** A value in compact JSON text. A container is split once, when it is first looked into. */
export class JsonValue {
  readonly text: string
  #members?: ReadonlyMap<string, JsonValue>
  #items?: readonly JsonValue[]

  constructor(text: string) {
    this.text = text
  }

  /** A member of an object; of several that share the name the last one, as for JSON.parse. */
  member(name: string): JsonValue | undefined {
    return this.#membersByName().get(name)
  }

  /** An item of an array. */
  item(index: number): JsonValue | undefined {
    return this.#itemsInOrder()[index]
  }

  /** The items of an array, or the values of an object. */
  children(): readonly JsonValue[] {
    return [...this.#membersByName().values(), ...this.#itemsInOrder()]
  }

  #membersByName(): ReadonlyMap<string, JsonValue> {
    if (!this.text.startsWith('{')) return NO_MEMBERS
    this.#members ??= new Map(
      membersOf(this.text).map(({ key, value }) => [key, new JsonValue(value)]),
    )
    return this.#members
  }

  #itemsInOrder(): readonly JsonValue[] {
    if (!this.text.startsWith('[')) return []
    this.#items ??= itemsOf(this.text).map((text) => new JsonValue(text))
    return this.#items
  }
}
