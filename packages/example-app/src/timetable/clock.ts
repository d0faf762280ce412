/** Minutes since midnight of the day in question; the small hours of the day after are above 1440. */
export type Minute = number

export const DAY: Minute = 24 * 60

/** What a caller may ask for, as a JSON schema pattern. */
export const TIME_OF_DAY_PATTERN = '^([01][0-9]|2[0-3]):[0-5][0-9]$'

/** Also takes hours past 23, because timetables write the last trams of a day as 24:30 and so on. */
export function parseClock(text: string): Minute {
  const match = /^(\d\d):([0-5]\d)$/.exec(text)
  if (match === null) throw new RangeError(`"${text}" is not a time written as HH:MM`)
  return Number(match[1]) * 60 + Number(match[2])
}

export function formatClock(minute: Minute): string {
  const ofDay = wrapDay(minute)
  const hours = String(Math.floor(ofDay / 60)).padStart(2, '0')
  const minutes = String(ofDay % 60).padStart(2, '0')
  return `${hours}:${minutes}`
}

/** The remainder that is never negative, which `%` alone does not give for times before midnight. */
export function wrapDay(minute: Minute): Minute {
  return ((minute % DAY) + DAY) % DAY
}
