import type { Reader } from './sending.ts'

/** Numbers, money and times as a reader is used to see them. */
export interface ReaderText {
  /** @param amount a decimal, formatted digit by digit: never a float between */
  money(amount: string, currency: string): string
  /** @param value in per cent, not a fraction */
  percent(value: number): string
  count(value: number): string
  /** @param day as `2026-01-31`: a day in UTC, as AWS bills, so in no other zone */
  day(day: string): string
  /** The day before, for what is written as "until, but not". */
  dayBefore(day: string): string
  /** @param at epoch ms; in the zone of the reader, which it names */
  moment(at: number): string
}

const MS_PER_DAY = 24 * 60 * 60_000

export function readerText({ locale, timeZone }: Reader): ReaderText {
  const days = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  const moments = new Intl.DateTimeFormat(locale, {
    ...({ day: 'numeric', month: 'short', year: 'numeric' } as const),
    ...({ hour: '2-digit', minute: '2-digit', timeZoneName: 'short', timeZone } as const),
  })
  const percents = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: 'percent',
    maximumFractionDigits: 1,
  })
  return {
    money: (amount, currency) => money(locale, amount, currency),
    percent: (value) => percents.format(value),
    count: (value) => new Intl.NumberFormat(locale).format(value),
    day: (day) => days.format(Date.parse(day)),
    dayBefore: (day) => days.format(Date.parse(day) - MS_PER_DAY),
    moment: (at) => moments.format(at),
  }
}

/** ISO 4217 has three letters; what a bill calls otherwise stands beside the number. */
const ISO_CURRENCY = /^[A-Za-z]{3}$/

function money(locale: string, amount: string, currency: string): string {
  const decimal = amount as `${number}`
  if (ISO_CURRENCY.test(currency)) {
    return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(decimal)
  }
  const number = new Intl.NumberFormat(locale, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  })
  return `${number.format(decimal)} ${currency}`
}
