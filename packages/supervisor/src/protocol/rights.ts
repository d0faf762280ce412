/** Who a worker is to be, in place of root. */
export interface Rights {
  /** Null: only the group is another one. */
  readonly user: {
    readonly id: number
    /** Null where the system knows no name for it: then no other groups either. */
    readonly name: string | null
    readonly home: string
  } | null
  readonly group: number
}
