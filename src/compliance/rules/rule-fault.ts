/** What is wrong with a file of rules; its message is for who wrote it. */
export class RuleFault extends Error {
  override readonly name = 'RuleFault'
}
