import type { DatabaseSync } from 'node:sqlite'

/** Append-only: a released migration is never edited, only followed. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE log_batch (
    sequence INTEGER PRIMARY KEY,
    appended_at INTEGER NOT NULL,
    data BLOB NOT NULL
  );

  CREATE TABLE cursor (
    reader TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE state (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    -- The transaction that wrote the document: never used twice, so a document that was deleted
    -- and made again is not taken for the old one.
    version INTEGER NOT NULL,
    PRIMARY KEY (collection, key)
  ) WITHOUT ROWID;

  CREATE TABLE state_version (version INTEGER NOT NULL);
  INSERT INTO state_version VALUES (0);

  CREATE TABLE delivery (
    -- AUTOINCREMENT: the id of a delivery that is done is never given to another.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    position INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    rule_arn TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target_arn TEXT NOT NULL,
    retry_attempts_max INTEGER NOT NULL,
    event_age_seconds_max INTEGER NOT NULL,
    managed INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    died_at INTEGER,
    error_code TEXT,
    error_message TEXT,
    exhausted TEXT,
    event_json TEXT
  );
  -- due, nextDueAt, waitingLanes
  CREATE INDEX delivery_waiting ON delivery (lane, next_attempt_at) WHERE died_at IS NULL;
  -- deadLetters, counts
  CREATE INDEX delivery_dead ON delivery (id) WHERE died_at IS NOT NULL;
  `,
  `
  CREATE TABLE event_place (
    epoch INTEGER NOT NULL,
    id_hash INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (epoch, id_hash, position)
  ) WITHOUT ROWID;
  `,
  `
  -- Targets as they were when events were routed to them: each definition once.
  CREATE TABLE target (
    id INTEGER PRIMARY KEY,
    rule_arn TEXT NOT NULL,
    definition TEXT NOT NULL,
    UNIQUE (rule_arn, definition)
  );
  ALTER TABLE delivery ADD COLUMN target INTEGER REFERENCES target (id);
  INSERT INTO target (rule_arn, definition)
    SELECT DISTINCT rule_arn, json_object('id', target_id, 'arn', target_arn, 'retryPolicy', json_object(
      'maximumRetryAttempts', retry_attempts_max,
      'maximumEventAgeInSeconds', event_age_seconds_max)) FROM delivery;
  UPDATE delivery SET target = (SELECT id FROM target
    WHERE target.rule_arn = delivery.rule_arn AND definition = json_object(
    'id', target_id, 'arn', target_arn, 'retryPolicy', json_object(
      'maximumRetryAttempts', retry_attempts_max,
      'maximumEventAgeInSeconds', event_age_seconds_max)));
  ALTER TABLE delivery DROP COLUMN retry_attempts_max;
  ALTER TABLE delivery DROP COLUMN event_age_seconds_max;
  ALTER TABLE delivery DROP COLUMN target_arn;
  ALTER TABLE delivery ADD COLUMN event_header TEXT;
  -- historyOf
  CREATE INDEX delivery_place ON delivery (position);

  -- By the event's place: what is added falls on the newest pages.
  CREATE TABLE attempt (
    position INTEGER NOT NULL,
    delivery_id INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    number INTEGER NOT NULL,
    target INTEGER NOT NULL REFERENCES target (id),
    outcome TEXT NOT NULL,
    error_code TEXT,
    error_message TEXT,
    status INTEGER,
    answer TEXT,
    PRIMARY KEY (position, delivery_id, started_at)
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE volume (
    hour INTEGER NOT NULL,
    bus_arn TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    source TEXT NOT NULL,
    detail_type TEXT NOT NULL,
    -- Empty: all events, whichever rules they matched.
    rule_arn TEXT NOT NULL,
    events INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (hour, bus_arn, account, region, source, detail_type, rule_arn)
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE archived_event (
    id INTEGER PRIMARY KEY,
    archive TEXT NOT NULL,
    -- Epoch ms of the event itself.
    time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    header TEXT NOT NULL,
    json TEXT NOT NULL
  );
  -- add, read, prune
  CREATE UNIQUE INDEX archived_event_place ON archived_event (archive, time, position);

  CREATE TABLE archive_total (
    archive TEXT PRIMARY KEY,
    events INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- Dead letters on their way to the dead-letter queues of their targets.
  ALTER TABLE delivery ADD COLUMN sends INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE delivery ADD COLUMN next_send_at INTEGER;
  ALTER TABLE delivery ADD COLUMN send_error_code TEXT;
  ALTER TABLE delivery ADD COLUMN send_error_message TEXT;
  -- due and nextDueAt of outgoing letters
  CREATE INDEX delivery_outgoing ON delivery (next_send_at) WHERE next_send_at IS NOT NULL;
  `,
  `
  -- What a service of AWS called the error of a dead letter.
  ALTER TABLE delivery ADD COLUMN error_aws_code TEXT;
  `,
  `
  -- States of billing periods of exports: see cost-store.sql.ts.
  CREATE TABLE cost_edition (
    id INTEGER PRIMARY KEY,
    staging TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    export_name TEXT NOT NULL,
    month TEXT NOT NULL,
    state TEXT NOT NULL,
    -- What is known of it once it is published.
    period TEXT,
    UNIQUE (staging, month)
  );
  -- periods, rows, sums; and one published edition for each month of an export
  CREATE UNIQUE INDEX cost_edition_published ON cost_edition (organisation_id, export_name, month)
    WHERE state = 'published';

  CREATE TABLE cost_dimension (
    edition INTEGER NOT NULL REFERENCES cost_edition (id),
    number INTEGER NOT NULL,
    provider TEXT NOT NULL,
    billing_account TEXT NOT NULL,
    account TEXT NOT NULL,
    service TEXT NOT NULL,
    region TEXT NOT NULL,
    charge_category TEXT NOT NULL,
    charge_frequency TEXT NOT NULL,
    charge_class TEXT NOT NULL,
    meter TEXT NOT NULL,
    currency TEXT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (edition, number)
  ) WITHOUT ROWID;

  CREATE TABLE cost_row (
    edition INTEGER NOT NULL,
    day INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    billed_millionths INTEGER NOT NULL,
    billed_rest INTEGER NOT NULL,
    effective_millionths INTEGER NOT NULL,
    effective_rest INTEGER NOT NULL,
    PRIMARY KEY (edition, day, dimension)
  ) WITHOUT ROWID;
  `,
]

/**
 * Brings the database to the newest schema.
 * @throws Error when the file was written by a newer Belfry.
 */
export function migrate(database: DatabaseSync): void {
  const version = schemaVersion(database)
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the store has schema ${version}, this Belfry knows up to ${MIGRATIONS.length}: start the newer Belfry that wrote it`,
    )
  }
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < version) continue
    database.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

function schemaVersion(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get()
  return Number(row?.['user_version'])
}
