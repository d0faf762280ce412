/** What a worker is told to do to HTTP traffic, before the app sees it. */
export type HttpRules = Readonly<Record<string, never>>
