import { expect } from 'vitest'

/** How the SDK shows an error of the Schemas API. */
export const failure = (name: string, status: number, message: RegExp = /./) => ({
  name,
  Code: name,
  message: expect.stringMatching(message),
  $metadata: expect.objectContaining({ httpStatusCode: status }),
})

/** All items of a list, page by page, each as small as can be. */
export async function allPages<T>(
  page: (
    NextToken: string | undefined,
  ) => Promise<{ items: T[] | undefined; next?: string | undefined }>,
): Promise<T[]> {
  const all: T[] = []
  let token: string | undefined
  do {
    const { items = [], next } = await page(token)
    all.push(...items)
    token = next
  } while (token !== undefined)
  return all
}
