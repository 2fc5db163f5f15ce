import { SingleBar } from 'cli-progress'

import { systemClock as clock } from '#src/ports/clock.ts'

/** Shows on standard error how far something has come: a bar, or now and then a line. */
export interface Progress {
  update(done: number): void
  stop(): void
}

const LINE_EVERY_MS = 2_000

export function createProgress(what: string, total: number): Progress {
  return process.stderr.isTTY ? bar(what, total) : lines(what, total)
}

function bar(what: string, total: number): Progress {
  const shown = new SingleBar({
    format: `${what}  {bar}  {value}/{total}  {duration_formatted}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    // Otherwise it turns the terminal's wrapping off, and ctrl-C would leave it so.
    linewrap: true,
  })
  shown.start(total, 0)
  return { update: (done) => shown.update(done), stop: () => shown.stop() }
}

function lines(what: string, total: number): Progress {
  let lastAt = clock.now()
  let last = 0
  const line = () => process.stderr.write(`${what}  ${last} of ${total}\n`)
  return {
    update: (done) => {
      last = done
      if (clock.now() - lastAt < LINE_EVERY_MS) return
      lastAt = clock.now()
      line()
    },
    stop: line,
  }
}
