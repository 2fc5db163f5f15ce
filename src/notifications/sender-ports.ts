import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import type { ChannelOpener } from './channels/sending.ts'
import type { ComposingPorts } from './composing.ts'
import type { ReaderTurns } from './readers.ts'

/** What telling people needs. */
export interface SenderPorts extends ComposingPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Observer
  readonly channels: ChannelOpener
  readonly turns: ReaderTurns
}
