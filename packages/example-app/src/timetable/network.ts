import type { Minute } from './clock.ts'

export interface Stop {
  readonly id: string
  readonly name: string
}

export interface Call {
  readonly stop: string
  /** Minutes since the tram left its first stop. */
  readonly offset: Minute
}

/** A stretch of the day with evenly spaced trams; both ends are departures from the first stop. */
export interface Band {
  readonly first: string
  readonly last: string
  readonly every: Minute
}

export interface Line {
  readonly id: string
  readonly name: string
  /** In the order of one direction; trams run the same way back. */
  readonly calls: readonly Call[]
  readonly service: readonly Band[]
}

export interface Network {
  readonly stops: readonly Stop[]
  readonly lines: readonly Line[]
}

const STOPS: readonly Stop[] = [
  { id: 'airport', name: 'Airport' },
  { id: 'botanic-garden', name: 'Botanic Garden' },
  { id: 'central-station', name: 'Central Station' },
  { id: 'east-gate', name: 'East Gate' },
  { id: 'exhibition-halls', name: 'Exhibition Halls' },
  { id: 'fish-market', name: 'Fish Market' },
  { id: 'harbour', name: 'Harbour' },
  { id: 'hospital', name: 'Hospital' },
  { id: 'lake-shore', name: 'Lake Shore' },
  { id: 'mill-bridge', name: 'Mill Bridge' },
  { id: 'museum', name: 'Museum' },
  { id: 'north-park', name: 'North Park' },
  { id: 'observatory', name: 'Observatory' },
  { id: 'south-field', name: 'South Field' },
  { id: 'stadium', name: 'Stadium' },
  { id: 'theatre', name: 'Theatre' },
  { id: 'town-hall', name: 'Town Hall' },
  { id: 'university', name: 'University' },
  { id: 'west-gate', name: 'West Gate' },
]

const HARBOUR_LINE: Line = {
  id: '1',
  name: 'Harbour Line',
  calls: [
    { stop: 'harbour', offset: 0 },
    { stop: 'fish-market', offset: 3 },
    { stop: 'town-hall', offset: 7 },
    { stop: 'central-station', offset: 10 },
    { stop: 'university', offset: 14 },
    { stop: 'botanic-garden', offset: 18 },
    { stop: 'north-park', offset: 23 },
  ],
  service: [
    { first: '04:50', last: '06:30', every: 20 },
    { first: '06:40', last: '19:30', every: 10 },
    { first: '19:50', last: '24:30', every: 20 },
  ],
}

const GATES_LINE: Line = {
  id: '2',
  name: 'Gates Line',
  calls: [
    { stop: 'west-gate', offset: 0 },
    { stop: 'mill-bridge', offset: 4 },
    { stop: 'town-hall', offset: 8 },
    { stop: 'theatre', offset: 11 },
    { stop: 'hospital', offset: 16 },
    { stop: 'east-gate', offset: 21 },
  ],
  service: [
    { first: '05:05', last: '06:35', every: 15 },
    { first: '06:43', last: '20:03', every: 8 },
    { first: '20:18', last: '24:03', every: 15 },
  ],
}

const LAKE_LINE: Line = {
  id: '3',
  name: 'Lake Line',
  calls: [
    { stop: 'south-field', offset: 0 },
    { stop: 'stadium', offset: 4 },
    { stop: 'central-station', offset: 9 },
    { stop: 'museum', offset: 12 },
    { stop: 'theatre', offset: 14 },
    { stop: 'lake-shore', offset: 20 },
  ],
  service: [
    { first: '05:20', last: '20:20', every: 12 },
    { first: '20:40', last: '23:40', every: 20 },
  ],
}

const AIRPORT_LINE: Line = {
  id: '4',
  name: 'Airport Line',
  calls: [
    { stop: 'airport', offset: 0 },
    { stop: 'exhibition-halls', offset: 6 },
    { stop: 'hospital', offset: 13 },
    { stop: 'university', offset: 19 },
    { stop: 'observatory', offset: 24 },
  ],
  service: [
    { first: '04:30', last: '22:30', every: 15 },
    { first: '23:00', last: '25:00', every: 30 },
  ],
}

/** Fixed data, the same on every day, so that any two worker processes give the same answer. */
export const NETWORK: Network = {
  stops: STOPS,
  lines: [HARBOUR_LINE, GATES_LINE, LAKE_LINE, AIRPORT_LINE],
}
