/** An enum is more than types: Node's own stripping does not take it, tsx does. */
export enum Unit {
  Metre = 'm',
  Kilometre = 'km',
  Mile = 'mi',
  NauticalMile = 'nmi',
}

const METRES: Readonly<Record<Unit, number>> = {
  [Unit.Metre]: 1,
  [Unit.Kilometre]: 1000,
  [Unit.Mile]: 1609.344,
  [Unit.NauticalMile]: 1852,
}

export function convert(amount: number, from: Unit, to: Unit): number {
  return (amount * METRES[from]) / METRES[to]
}

/** The unit of that name, if there is one. */
export function unitOf(name: string | null): Unit | undefined {
  return Object.values(Unit).find((unit) => unit === name)
}
