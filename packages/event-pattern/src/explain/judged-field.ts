import type { FieldTest } from '../compile.ts'
import type { EventValue } from '../flatten-event.ts'
import { passes } from '../value-test.ts'
import type { PatternValue } from './pattern-outline.ts'
import type { ReadEvent } from './read-event.ts'

/** A field of the pattern with what the event has there, judged for itself. */
export type JudgedField = {
  readonly test: FieldTest
  readonly entries: readonly PatternValue[]
  readonly values: readonly EventValue[]
  readonly fitting: readonly EventValue[]
  /** Whether it passes without regard to the other fields. */
  readonly passesAlone: boolean
}

/** Judges a field for itself. */
export function judge(
  test: FieldTest,
  entries: readonly PatternValue[],
  event: ReadEvent,
): JudgedField {
  const values = event.values.get(test.path) ?? []
  const fitting = values.filter((value) => test.tests.some((one) => passes(value, one)))
  const passesAlone = fitting.length > 0 || (test.mayBeAbsent && values.length === 0)
  return { test, entries, values, fitting, passesAlone }
}

/** A value that the field would pass with if it asked for another path of the event. */
export function fittingValueAt(
  path: string,
  { test }: JudgedField,
  { values }: ReadEvent,
): EventValue | undefined {
  const there = values.get(path) ?? []
  return there.find((value) => test.tests.some((one) => passes(value, one)))
}
