import * as fc from 'fast-check'
import { randomChoices } from './choices.ts'

const SEED_MAX = 0x7fffffff
const BLOCK_SIZES = [64, 16, 4, 1]

/**
 * Bytes for `choicesFrom`. fast-check's own uint8Array takes minutes to shrink so many, because it
 * shrinks each one by itself.
 */
export class ChoiceBytes extends fc.Arbitrary<Uint8Array> {
  readonly #lengthMax: number

  constructor(lengthMax: number) {
    super()
    this.#lengthMax = lengthMax
  }

  generate(random: fc.Random): fc.Value<Uint8Array> {
    const choices = randomChoices(random.nextInt(0, SEED_MAX))
    const length = random.nextInt(0, this.#lengthMax)
    return this.#value(Uint8Array.from({ length }, () => choices.pick(256)))
  }

  canShrinkWithoutContext(value: unknown): value is Uint8Array {
    return value instanceof Uint8Array
  }

  shrink(bytes: Uint8Array): fc.Stream<fc.Value<Uint8Array>> {
    return fc.stream(simpler(bytes)).map((each) => this.#value(each))
  }

  #value(bytes: Uint8Array): fc.Value<Uint8Array> {
    return new fc.Value(bytes, undefined)
  }
}

/** Shorter bytes first, then smaller ones. */
function* simpler(bytes: Uint8Array): Generator<Uint8Array> {
  for (let cut = bytes.length; cut >= 1; cut = Math.floor(cut / 2)) {
    yield bytes.slice(0, bytes.length - cut)
  }
  for (const size of BLOCK_SIZES) {
    for (let at = 0; at < bytes.length; at += size) {
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + size)]
      const shorter = new Uint8Array(before.length + after.length)
      shorter.set(before)
      shorter.set(after, at)
      yield shorter
    }
    for (let at = 0; at < bytes.length; at += size) {
      if (bytes.subarray(at, at + size).some((byte) => byte !== 0)) {
        yield bytes.slice().fill(0, at, at + size)
      }
    }
  }
  for (const [at, byte] of bytes.entries()) {
    if (byte > 1) yield bytes.with(at, Math.floor(byte / 2))
  }
}
