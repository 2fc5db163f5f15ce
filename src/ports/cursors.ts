/** How far each reader of the log has come: the last batch that it is done with. */
export interface Cursors {
  /** 0 where the reader has never saved one. */
  get(reader: string): Promise<number>
  save(reader: string, sequence: number): Promise<void>
}
