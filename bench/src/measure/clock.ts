/** Milliseconds on the machine's monotonic clock, which is the same in all processes; `performance.now()` is not. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
