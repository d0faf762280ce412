import { duration, durationOrOff, wholeNumber } from './kinds.ts'
import type { OptionTable } from './option.ts'

/** A larger number would be no limit. */
const MOST_REQUESTS_AT_ONCE = 1_000_000
const MOST_HEADERS = 10_000
/** Browsers send up to a few KB of cookies; less than this would refuse what is no attack. */
const LEAST_HEADER_BYTES = 1024
const MOST_HEADER_BYTES = 2 ** 24
/** What `listen(2)` takes. */
const LONGEST_BACKLOG = 2 ** 31 - 1

/** The options by which clients are kept within bounds. */
export const LIMIT_OPTIONS: OptionTable<
  | 'limitConcurrency'
  | 'timeoutKeepAliveMs'
  | 'timeoutHeadersMs'
  | 'timeoutRequestMs'
  | 'maxHeaderSize'
  | 'maxHeaders'
  | 'backlog'
> = {
  limitConcurrency: {
    flag: 'limit-concurrency',
    describe: 'Answer 503 to requests beyond so many at a time in a worker. Without it there is no limit',
    default: null,
    group: 'HTTP',
    kind: wholeNumber(1, MOST_REQUESTS_AT_ONCE),
  },
  timeoutKeepAliveMs: {
    flag: 'timeout-keep-alive',
    describe: 'How long an idle connection is kept. Without it 5 s, or what the app has set on a server of its own',
    default: null,
    group: 'HTTP',
    kind: duration(100),
  },
  timeoutHeadersMs: {
    flag: 'timeout-headers',
    describe: "How long a client may take to send the head of a request; 0: any time. Without it Node's 60 s",
    default: null,
    group: 'HTTP',
    kind: durationOrOff(100),
  },
  timeoutRequestMs: {
    flag: 'timeout-request',
    describe: "How long a client may take to send a request, its body included; 0: any time. Without it Node's 300 s",
    default: null,
    group: 'HTTP',
    kind: durationOrOff(100),
  },
  maxHeaderSize: {
    flag: 'max-header-size',
    describe: "How many bytes the headers of a request may have, 431 beyond. Without it Node's 16384",
    default: null,
    group: 'HTTP',
    kind: wholeNumber(LEAST_HEADER_BYTES, MOST_HEADER_BYTES),
  },
  maxHeaders: {
    flag: 'max-headers',
    describe: 'How many headers a request may have, 431 beyond. Without it Node leaves out those beyond 2000',
    default: null,
    group: 'HTTP',
    kind: wholeNumber(1, MOST_HEADERS),
  },
  backlog: {
    flag: 'backlog',
    describe: 'How many connections may wait for a worker. Without it 2048, or what the app listens with',
    default: null,
    group: 'HTTP',
    kind: wholeNumber(1, LONGEST_BACKLOG),
  },
}
