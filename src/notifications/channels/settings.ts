import { Compile } from 'typebox/compile'

import { RestError } from '#src/errors.ts'
import { faultOf } from '#src/model/catalogue/catalogue.ts'
import { CHANNEL_KINDS, CHANNEL_SETTINGS } from '#src/model/channel.ts'
import type { ChannelKind, ChannelSettings, SettingsOf } from '#src/model/channel.ts'
import { closedSchema } from '#src/model/closed-schema.ts'
import { checkedWebhookSecret } from '#src/tenancy/webhook-rotation.ts'
import { NO_MAIL_SERVER } from './kinds/email.ts'

export interface SettingsPorts {
  readonly hasMailServer: boolean
  readonly urlRefusal: (url: string) => string | undefined
}

export const INVALID_SECRET = 'channel.invalid-secret'

/** Settings that are whole: a webhook's have their secret. */
export type WholeSettings = Exclude<ChannelSettings, { kind: 'webhook' }> | WholeWebhook
type WholeWebhook = Required<SettingsOf<'webhook'>>

/**
 * What was given as settings, checked.
 * @throws RestError 400 that says what is wrong, and repeats nothing that may be a secret
 */
export function checkedSettings(given: object, ports: SettingsPorts): ChannelSettings {
  const settings = ofKind(given)
  for (const url of urlsOf(settings)) {
    const refusal = ports.urlRefusal(url)
    if (refusal !== undefined) throw new RestError(400, 'channel.url-refused', refusal)
  }
  if (settings.kind === 'email' && !ports.hasMailServer) {
    throw new RestError(409, 'channel.no-mail-server', NO_MAIL_SERVER)
  }
  if (settings.kind === 'webhook' && settings.secret !== undefined) {
    checkedWebhookSecret(settings.secret, INVALID_SECRET)
  }
  return settings
}

function ofKind(given: object): ChannelSettings {
  const { kind } = given as { readonly kind?: unknown }
  const known = CHANNEL_KINDS.find((each) => each === kind)
  if (known === undefined) throw invalid(`"kind" must be one of ${CHANNEL_KINDS.join(', ')}`)
  const fault = faultOf(validatorOf(known), given)
  if (fault !== undefined) throw invalid(`of a channel of kind ${known}, ${fault}`)
  // The schema of its kind takes it.
  return given as ChannelSettings
}

function invalid(what: string): RestError {
  return new RestError(400, 'channel.invalid-settings', `settings are not valid: ${what}`)
}

const validators = new Map<ChannelKind, ReturnType<typeof Compile>>()

function validatorOf(kind: ChannelKind): ReturnType<typeof Compile> {
  const compiled = validators.get(kind) ?? Compile(closedSchema(CHANNEL_SETTINGS[kind]))
  validators.set(kind, compiled)
  return compiled
}

/** Where a secret of the channel would be sent. */
function urlsOf(settings: ChannelSettings): readonly string[] {
  switch (settings.kind) {
    case 'email':
      return []
    case 'slack-bot':
    case 'pagerduty':
      return settings.endpoint === undefined ? [] : [settings.endpoint]
    case 'slack-webhook':
    case 'teams':
    case 'webhook':
      return [settings.url]
    default:
      return settings satisfies never
  }
}
