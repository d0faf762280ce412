export { Supervisor, type SupervisorReport, type SupervisorSettings } from './supervisor.ts'
export { SupervisorError, type ErrorCode } from './errors.ts'
export type { BootFailure, ErrorSummary, Outcome, Report, State, StopMode } from './core/types.ts'
export type { AcceptMode, Binding } from './protocol/orders.ts'
