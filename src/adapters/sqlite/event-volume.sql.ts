import type { DatabaseSync } from 'node:sqlite'

import type {
  EventVolume,
  VolumeCount,
  VolumeDimension,
  VolumeSum,
} from '#src/ports/event-volume.ts'
import { prepareSaveCursor } from './batch-log.sql.ts'
import type { Verb, Writer } from './writer.ts'

interface AddVolume {
  readonly reader: string
  readonly sequence: number
  readonly counts: readonly VolumeCount[]
  readonly keepFrom: number
}

/** In a key no value is NULL, so all events together stand under a rule without a name. */
const NO_RULE = ''
const COLUMNS: Readonly<Record<VolumeDimension, string>> = {
  account: 'account',
  region: 'region',
  source: 'source',
  detailType: 'detail_type',
  ruleArn: 'rule_arn',
}

/** Runs in the writer thread. */
export function eventVolumeVerbs(database: DatabaseSync): Record<string, Verb> {
  const saveCursor = prepareSaveCursor(database)
  const add = database.prepare(`
    INSERT INTO volume (hour, bus_arn, account, region, source, detail_type, rule_arn, events, bytes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET events = events + excluded.events, bytes = bytes + excluded.bytes`)
  const forget = database.prepare('DELETE FROM volume WHERE hour < ?')
  return {
    addVolume: ({ reader, sequence, counts, keepFrom }: AddVolume) => {
      for (const count of counts) {
        const { hour, busArn, account, region, source, detailType, ruleArn = NO_RULE } = count
        const key = [hour, busArn, account, region, source, detailType, ruleArn]
        add.run(...key, count.events, count.bytes)
      }
      forget.run(keepFrom)
      saveCursor.run(reader, sequence)
    },
  }
}

export function createSqliteEventVolume(writer: Writer, reading: DatabaseSync): EventVolume {
  return {
    add: async (reader, sequence, { counts, keepFrom }) =>
      writer.write('addVolume', { reader, sequence, counts, keepFrom } satisfies AddVolume),
    sums: async ({ from, to, by }) => {
      const columns = by.map((dimension) => COLUMNS[dimension])
      const grouped = ['hour', 'bus_arn', ...columns].join(', ')
      const ofRules = by.includes('ruleArn')
      const sql = `
        SELECT ${grouped}, sum(events) AS events, sum(bytes) AS bytes FROM volume
        WHERE hour >= ? AND hour < ? AND rule_arn ${ofRules ? '<>' : '='} '${NO_RULE}'
        GROUP BY ${grouped}`
      const rows = reading.prepare(sql).all(from, to)
      return rows.map((row) => {
        const dimensions = by.map((name) => [name, String(row[COLUMNS[name]])] as const)
        return {
          hour: Number(row['hour']),
          busArn: String(row['bus_arn']),
          ...(Object.fromEntries(dimensions) as Partial<VolumeSum>),
          events: Number(row['events']),
          bytes: Number(row['bytes']),
        }
      })
    },
  }
}
