/** A debugger can connect to the worker of this place, which is told when the address is a new one. */
export interface DebuggerReport {
  readonly type: 'inspector-open'
  readonly index: number
  readonly address: string
}

/** Where the workers of each place listen for debuggers, one after the other. */
export class DebugPorts {
  readonly #addresses = new Map<number, string>()

  of(index: number): number | undefined {
    const address = this.#addresses.get(index)
    return address === undefined ? undefined : Number(address.slice(address.lastIndexOf(':') + 1))
  }

  opened(index: number, address: string, report: (report: DebuggerReport) => void): void {
    if (this.#addresses.get(index) === address) return
    this.#addresses.set(index, address)
    report({ type: 'inspector-open', index, address })
  }
}
