/** Why an import cannot go on, in words for whoever started it: the periods stay as they were. */
export class ImportFault extends Error {
  override readonly name = 'ImportFault'
}
