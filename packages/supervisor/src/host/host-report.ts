import type { WorkerId } from '../core/types.ts'
import type { DebuggerReport } from './debug-ports.ts'
import type { ListenerReport } from './listeners.ts'
import type { Warning } from './warnings.ts'

/** What the host tells besides the events that the core decides on. */
export type HostReport =
  | ListenerReport
  | Warning
  | { readonly type: 'worker-warning'; readonly worker: WorkerId; readonly code: string; readonly text: string }
  | DebuggerReport
