import {
  AT_ONCE,
  ROLE,
  authorized,
  delivered,
  doorOf,
  fired,
  fresh,
  giveApiDestinations,
  giveSchedules,
  giveTargets,
  must,
  newConnection,
  newRule,
  putTarget,
  schedule,
  setAwsOrganization,
  setIssuer,
  signInBegun,
  soon,
  synced,
  tested,
} from './giving-urls.ts'
import type { Verdict } from './giving-urls.ts'
import { inParallel } from './world.ts'
import type { World } from './world.ts'

/** A place where a user of the hub gives it a URL that it sends requests to. */
export interface UrlPlace {
  readonly name: string
  /** Where the hub sends credentials it wants TLS, but where private targets are allowed. */
  readonly scheme: 'http' | 'https'
  readonly schemeInPrivate: 'http' | 'https'
  /** What AWS takes there at all: ASCII alone, and no IPv6. */
  readonly form?: RegExp
  /** Gives the hub each URL and makes it use those that it took. */
  use(world: World, urls: readonly string[]): Promise<readonly Verdict[]>
}

/** Of the endpoints that AWS knows too. */
const AWS_FORM = /^[^[\]\u0080-\u{10ffff}]+$/u
/** A name that the doors take and the policy does not. */
const harmless = (scheme: string) => `${scheme}://loopback.hostile.test/`

export const TARGET: UrlPlace = {
  name: 'the URL of a target',
  scheme: 'http',
  schemeInPrivate: 'http',
  use: async (world, urls) => {
    const rule = await newRule(world)
    return delivered(world, rule, await giveTargets(world, rule, urls))
  },
}

export const API_DESTINATION: UrlPlace = {
  name: 'the endpoint of an API destination',
  scheme: 'https',
  schemeInPrivate: 'http',
  form: AWS_FORM,
  use: async (world, urls) => {
    const rule = await newRule(world)
    return delivered(world, rule, await giveApiDestinations(world, rule, urls))
  },
}

/** An update must ask what a creation asks. */
const API_DESTINATION_UPDATE: UrlPlace = {
  name: 'the endpoint of an API destination that is updated',
  scheme: 'https',
  schemeInPrivate: 'http',
  form: AWS_FORM,
  use: async (world, urls) => {
    const rule = await newRule(world)
    const ConnectionArn = await newConnection(world)
    const given = await inParallel(urls, AT_ONCE, async (url, index) => {
      const first = { ConnectionArn, InvocationEndpoint: harmless('https'), HttpMethod: 'PUT' }
      const Name = fresh('d')
      const made = must(await world.events('CreateApiDestination', { Name, ...first }))
      const answer = await world.events('UpdateApiDestination', { Name, InvocationEndpoint: url })
      if (!answer.ok) return doorOf(url, answer)
      const target = { Id: `t${index}`, Arn: made.ApiDestinationArn, RoleArn: ROLE }
      return doorOf(url, await putTarget(world, rule, target))
    })
    return delivered(world, rule, given)
  },
}

const oauth = (AuthorizationEndpoint: string) => ({
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  AuthParameters: {
    OAuthParameters: {
      ...{ AuthorizationEndpoint, HttpMethod: 'POST' },
      ClientParameters: { ClientID: 'client', ClientSecret: 'secret' },
    },
  },
})

export const CONNECTION: UrlPlace = {
  name: 'the authorization endpoint of a connection',
  scheme: 'https',
  schemeInPrivate: 'http',
  form: AWS_FORM,
  use: async (world, urls) =>
    inParallel(urls, AT_ONCE, async (url) => {
      const Name = fresh('c')
      const answer = await world.events('CreateConnection', { Name, ...oauth(url) })
      return answer.ok ? authorized(world, Name, url) : doorOf(url, answer)
    }),
}

const CONNECTION_UPDATE: UrlPlace = {
  name: 'the authorization endpoint of a connection that is updated',
  scheme: 'https',
  schemeInPrivate: 'http',
  form: AWS_FORM,
  use: async (world, urls) =>
    inParallel(urls, AT_ONCE, async (url) => {
      const Name = fresh('c')
      await newConnection(world, Name)
      const answer = await world.events('UpdateConnection', { Name, ...oauth(url) })
      return answer.ok ? authorized(world, Name, url) : doorOf(url, answer)
    }),
}

export const SCHEDULE: UrlPlace = {
  name: 'the URL of a schedule',
  scheme: 'http',
  schemeInPrivate: 'http',
  use: async (world, urls) => fired(world, await giveSchedules(world, urls)),
}

const SCHEDULE_UPDATE: UrlPlace = {
  name: 'the URL of a schedule that is updated',
  scheme: 'http',
  schemeInPrivate: 'http',
  use: async (world, urls) => {
    const given = await inParallel(urls, AT_ONCE, async (url) => {
      const name = fresh('s')
      const first = { url: harmless('http'), at: '2099-01-01T00:00:00' }
      must(await schedule(world, 'POST', name, first))
      return { name, ...doorOf(url, await schedule(world, 'PUT', name, { url, at: soon() })) }
    })
    return fired(world, given)
  },
}

export const OPENID_ISSUER: UrlPlace = {
  name: 'the issuer of an OpenID provider',
  scheme: 'https',
  schemeInPrivate: 'https',
  use: async (world, urls) =>
    inParallel(urls, 1, async (url) => {
      const refused = await setIssuer(world, url)
      return refused ?? signInBegun(world, url)
    }),
}

export const AWS_ORGANIZATION: UrlPlace = {
  name: 'the endpoint of AWS Organizations',
  scheme: 'http',
  schemeInPrivate: 'http',
  use: async (world, urls) =>
    inParallel(urls, 1, async (url) => {
      const refused = await setAwsOrganization(world, url)
      return refused ?? synced(world, url)
    }),
}

export const CHANNEL: UrlPlace = {
  name: 'the URL of a channel',
  scheme: 'https',
  schemeInPrivate: 'http',
  use: async (world, urls) =>
    inParallel(urls, AT_ONCE, async (url) => tested(world, url, { kind: 'webhook', url })),
}

/** The endpoint of a service is a URL too, and an update must ask what a creation asks. */
const CHANNEL_UPDATE: UrlPlace = {
  name: 'the endpoint of a channel that is updated',
  scheme: 'https',
  schemeInPrivate: 'http',
  use: async (world, urls) => {
    const settings = (endpoint: string) => ({
      ...{ kind: 'pagerduty', routingKey: 'abcdefghijklmnopqrstuvwxyz012345', endpoint },
    })
    return inParallel(urls, AT_ONCE, async (url) =>
      tested(world, url, settings(url), settings(harmless('https'))),
    )
  },
}

export const URL_PLACES: readonly UrlPlace[] = [
  ...[TARGET, API_DESTINATION, API_DESTINATION_UPDATE, CONNECTION, CONNECTION_UPDATE],
  ...[SCHEDULE, SCHEDULE_UPDATE, OPENID_ISSUER, AWS_ORGANIZATION],
  ...[CHANNEL, CHANNEL_UPDATE],
]
