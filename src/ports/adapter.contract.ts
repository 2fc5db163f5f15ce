/** A port of a fresh adapter, and the same port after the adapter was closed and opened again. */
export interface Restartable<T> {
  readonly port: T
  restart(): Promise<T>
}

/** Opens an adapter that holds nothing yet; the caller of a contract closes it after each test. */
export type OpenFresh<T> = () => Promise<Restartable<T>>
