export { Supervisor, type SupervisorOptions } from './supervisor.ts'
export type { SupervisorReport } from './loop.ts'
export { SupervisorError, type ErrorCode } from './errors.ts'
export { defineConfig, type ConfigFile, type LogFormat, type LogLevel } from './config/config.ts'
export type { HookResult, Hooks, WorkerEnd } from './config/hooks.ts'
export type { Snapshot, WorkerStatus } from './core/snapshot.ts'
export type {
  BootFailure,
  BootStep,
  ErrorSummary,
  ForkReason,
  LeaveReason,
  Outcome,
  Report,
  StopMode,
  WorkerId,
  WorkerName,
} from './core/types.ts'
export type { AcceptMode, ReadyMode, ServeMode } from './protocol/orders.ts'
export type { TsMode } from './config/config.ts'
