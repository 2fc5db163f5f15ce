/** How much of something there may be, or how fast it may come, by name. */
export type Quotas = {
  readonly 'event-buses': number
  readonly rules: number
  readonly targets: number
  readonly 'pattern-size': number
  readonly 'wildcard-rules': number
  readonly 'policy-size': number
  readonly tags: number
  readonly connections: number
  readonly 'api-destinations': number
  readonly 'put-events-rate': number
  readonly 'put-partner-events-rate': number
}

/**
 * AWS's, but for the rates: those are there to share AWS, and a hub of one's own takes what its
 * machine can. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
export const AWS_QUOTAS: Quotas = {
  'event-buses': 100,
  rules: 300,
  targets: 5,
  'pattern-size': 2_048,
  'wildcard-rules': 30,
  'policy-size': 10_240,
  tags: 50,
  connections: 3_000,
  'api-destinations': 3_000,
  'put-events-rate': Number.POSITIVE_INFINITY,
  'put-partner-events-rate': Number.POSITIVE_INFINITY,
}

/** What each quota counts, for who sets it. */
export const QUOTA_MEANINGS: Readonly<Record<keyof Quotas, string>> = {
  'event-buses': 'event buses of an account in a region',
  rules: 'rules of an event bus',
  targets: 'targets of a rule',
  'pattern-size': "characters of a rule's event pattern",
  'wildcard-rules': 'rules of an event bus whose patterns have wildcards',
  'policy-size': "characters of an event bus's resource policy",
  tags: 'tags of a resource',
  connections: 'connections of an account in a region',
  'api-destinations': 'API destinations of an account in a region',
  'put-events-rate': 'calls of PutEvents by an account in a region in a second',
  'put-partner-events-rate': 'events of PutPartnerEvents by an account in a region in a second',
}
