import { readFileSync, readdirSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge'
import type {
  ConnectionOAuthHttpMethod,
  CreateApiDestinationCommandInput,
  CreateConnectionAuthRequestParameters,
  DescribeConnectionCommandOutput,
  EventBridgeClient,
  UpdateConnectionCommandInput,
} from '@aws-sdk/client-eventbridge'

import type { HubProcess } from './hub-process.ts'
import type { Received } from './receiver.ts'

export const SECRET = 'pa55: word/+"ü'
/** The part of it that JSON leaves as it is. */
export const SECRET_PART = 'pa55: word/+'

export const BASIC: CreateConnectionAuthRequestParameters = {
  BasicAuthParameters: { Username: 'ana', Password: SECRET },
}
export const API_KEY: CreateConnectionAuthRequestParameters = {
  ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key', ApiKeyValue: 'key-secret' },
}
export const oauth = (
  AuthorizationEndpoint: string,
  more: { readonly HttpMethod?: ConnectionOAuthHttpMethod; readonly [name: string]: unknown } = {},
): CreateConnectionAuthRequestParameters => ({
  OAuthParameters: {
    ...{ AuthorizationEndpoint, HttpMethod: 'POST' },
    ...more,
    ClientParameters: { ClientID: 'client-1', ClientSecret: 'client-secret' },
  },
})

/** All that a hub has written: its data folder, byte by byte, and its log. */
export function everythingWritten(hub: HubProcess): string {
  const texts = readdirSync(hub.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  return [...texts, hub.errors()].join('\n')
}

/** Calls about connections in one account. */
export function connectionCalls(events: EventBridgeClient) {
  const create = (Name: string, AuthParameters: CreateConnectionAuthRequestParameters) => {
    const AuthorizationType = AuthParameters.BasicAuthParameters
      ? 'BASIC'
      : AuthParameters.ApiKeyAuthParameters
        ? 'API_KEY'
        : 'OAUTH_CLIENT_CREDENTIALS'
    return events.send(new CreateConnectionCommand({ Name, AuthorizationType, AuthParameters }))
  }
  const describe = (Name: string) => events.send(new DescribeConnectionCommand({ Name }))
  return {
    create,
    describe,
    update: (Name: string, input: Omit<UpdateConnectionCommandInput, 'Name'>) =>
      events.send(new UpdateConnectionCommand({ Name, ...input })),
    /** Waits as Terraform does. */
    settled: async (Name: string): Promise<DescribeConnectionCommandOutput> => {
      for (;;) {
        const connection = await describe(Name)
        if (connection.ConnectionState !== 'AUTHORIZING') return connection
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    createDestination: (
      Name: string,
      ConnectionArn: string | undefined,
      input: Omit<CreateApiDestinationCommandInput, 'Name' | 'ConnectionArn' | 'HttpMethod'> &
        Pick<Partial<CreateApiDestinationCommandInput>, 'HttpMethod'>,
    ) =>
      events.send(
        new CreateApiDestinationCommand({ Name, ConnectionArn, HttpMethod: 'POST', ...input }),
      ),
  }
}

/** An OAuth server that gives `token-1`, `token-2` and so on, and takes those that it says. */
export class OAuthServer {
  #given = 0
  /** Answers in place of tokens, once each. */
  readonly refusals: number[] = []
  expiresIn: unknown = 3600

  get latest(): string {
    return `token-${this.#given}`
  }

  answer(_request: Received, response: ServerResponse): void {
    const refusal = this.refusals.shift()
    if (refusal !== undefined) {
      response.writeHead(refusal).end('{"error":"invalid_client"}')
      return
    }
    this.#given += 1
    response.end(
      JSON.stringify({
        access_token: this.latest,
        token_type: 'Bearer',
        expires_in: this.expiresIn,
      }),
    )
  }
}
