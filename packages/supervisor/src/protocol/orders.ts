import type { DrainMode } from '../core/types.ts'
import type { ConnectionOrder, OwnersOrder } from './connection.ts'
import type { HttpRules } from './http-rules.ts'
import type { ListenQuery, LoadedModules } from './messages.ts'
import type { HANDLE_COMMAND } from './names.ts'
import type { Rights } from './rights.ts'
import type { TlsRules } from './tls-rules.ts'

/** Where an app that exports is bound to. Without a host: all interfaces. */
export type Binding =
  | { readonly kind: 'tcp'; readonly host: string | null; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }

/** Who accepts: the workers on the supervisor's socket, or node:cluster's primary, which hands connections out. */
export type AcceptMode = 'shared' | 'cluster'

/** Whether connections of one address go to one worker. */
export type StickyMode = 'off' | 'ip'

/** What serves: an app that listens by itself, what it exports, or whichever there is. */
export type ServeMode = 'auto' | 'listen' | 'export'

/** When a worker is ready: when it listens, or when the app says so. */
export type ReadyMode = 'listen' | 'signal'

/** Where a worker listens for debuggers, and whether it waits for one before it loads the app. */
export interface InspectAt {
  readonly host: string
  readonly port: number
  readonly waits: boolean
}

/** What a worker in development is told besides. */
export interface Development {
  /** Null where the user has not asked for it, or has left it to Node. */
  readonly inspect: InspectAt | null
}

/** What the supervisor tells a worker, over the control pipe. */
export type Order =
  /** Load the app now. */
  | {
      readonly type: 'go'
      readonly accept: AcceptMode
      readonly sticky: StickyMode
      readonly bind: readonly Binding[]
      /** Whether systemd has passed sockets on to the supervisor. */
      readonly isActivated: boolean
      /** For the case that the supervisor vanishes and can't give the order to drain. */
      readonly gracefulTimeoutMs: number
      /** Whether somebody chose the addresses, or they are the default. */
      readonly isBindChosen: boolean
      /** Which export is the app, whether it is a function that makes it, and whether exports count at all. */
      readonly app: { readonly name: string | null; readonly factory: boolean; readonly mode: ServeMode }
      readonly ready: { readonly mode: ReadyMode; readonly path: string | null }
      /** What runs before the app, and the config file that has a `postFork`, if one has. */
      readonly preload: {
        readonly requires: readonly string[]
        readonly imports: readonly string[]
        readonly hooksFile: string | null
      }
      readonly http: HttpRules
      /** Only for an app that exports. It has a private key, which the environment of a process is no place for. */
      readonly tls: TlsRules | null
      readonly title: string
      /** Whether the app is only looked at: it loads, but binds nothing. */
      readonly isCheck: boolean
      /** How often the worker gives a sign of life once it is ready; 0 for never. */
      readonly beatMs: number
      /** At how many requests it gives one at once. */
      readonly requestLimit: number | null
      /** Whether it measures the delay of its event loop, which wakes it up all the time. */
      readonly measuresLoopDelay: boolean
      /** Only in development. */
      readonly development?: Development
      /** Who to be, before anything of the user's is loaded. */
      readonly rights?: Rights
      /** Which worker it becomes, for one that was forked before that was known; others have it from the environment. */
      readonly place?: { readonly index: number; readonly generation: number }
    }
  /** Wait for `go`: nobody knows yet which worker this becomes. Comes with the process. */
  | { readonly type: 'wait'; readonly title: string; readonly isDevelopment: boolean; readonly rights?: Rights }
  /** Load this in advance, before `go`. May come again, with more. */
  | {
      readonly type: 'warm'
      /** What `--require` and `--import` name: it has to come before the packages, as it may change how they load. */
      readonly requires: readonly string[]
      readonly imports: readonly string[]
      readonly loaded: LoadedModules
    }
  /** A socket that the generation before has used: the handle follows over IPC, with this number, which is negative. */
  | { readonly type: 'inherit'; readonly request: number; readonly query: ListenQuery }
  /** The answer to `listen`: the handle follows over IPC, or there is none and this is the errno's name. */
  | {
      readonly type: 'bound'
      readonly request: number
      readonly errno: string | null
      /** Session ticket keys, base64, that all workers share, so that TLS sessions resume in any; null without TLS. */
      readonly ticketKeys: string | null
    }
  | OwnersOrder
  | ConnectionOrder
  /** The app has said that it is ready, in PM2's way, which the supervisor hears instead of the agent. */
  | { readonly type: 'app-ready' }
  /** Accept, at once or as soon as the app is ready. */
  | { readonly type: 'accept' }
  /** The supervisor is about to stop: go on serving, but count as not ready. */
  | { readonly type: 'unready' }
  /** Tell which files the app has loaded. */
  | { readonly type: 'list-files' }
  /**
   * Tell which modules of packages the process has loaded, but for those that `exclude` names and what requires them:
   * `package`, or `package/path` with or without an extension.
   */
  | { readonly type: 'list-modules'; readonly exclude: readonly string[] }
  /** New session ticket keys, for all TLS servers that have the shared ones. */
  | { readonly type: 'ticket-keys'; readonly ticketKeys: string }
  /** Files that are written to have been renamed: open them anew. */
  | { readonly type: 'reopen-logs' }
  | { readonly type: 'drain'; readonly mode: DrainMode; readonly graceMs: number }

/** A bound handle under way to a worker. */
export interface HandleMessage {
  readonly cmd: typeof HANDLE_COMMAND
  readonly request: number
}
