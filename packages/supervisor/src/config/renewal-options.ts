import { MOST_WORKERS } from '../core/limits.ts'
import { duration, durationOrOff, LONGEST_AGE_MS, size, toggle, wholeNumber, wholeNumberOrAuto } from './kinds.ts'
import type { OptionTable } from './option.ts'

/** A larger number of requests is a slip of the finger. */
const MOST_REQUESTS = 1_000_000_000

/** The options by which workers are replaced: by a reload, when they hang, and when they grow old. */
export const RENEWAL_OPTIONS: OptionTable<
  | 'canaryMs'
  | 'maxSurge'
  | 'rolling'
  | 'spares'
  | 'timeoutMs'
  | 'giveUpMs'
  | 'maxRequests'
  | 'maxRequestsJitter'
  | 'maxAgeMs'
  | 'maxMemory'
  | 'maxLoopDelayMs'
> = {
  canaryMs: {
    flag: 'canary-seconds',
    describe: 'How long the first new worker of a reload has to stay ready before the others follow',
    default: '0',
    group: 'Reload',
    kind: duration(0),
  },
  maxSurge: {
    flag: 'max-surge',
    describe: 'How many new workers of a reload boot at a time; auto is one for each CPU that this process may use',
    default: 'auto',
    group: 'Reload',
    kind: wholeNumberOrAuto(1, MOST_WORKERS),
  },
  rolling: {
    flag: 'rolling',
    describe: 'Swap the workers of a reload batch by batch, for want of memory: both versions serve meanwhile',
    default: 'false',
    group: 'Reload',
    kind: toggle(),
  },
  spares: {
    flag: 'spares',
    describe:
      'How many processes wait to become workers, with Node started and nothing of the app loaded, so that ' +
      'replacements and reloads take less time; at most as many as there are workers. 0: none',
    default: '4',
    group: 'Reload',
    kind: wholeNumber(0, MOST_WORKERS),
  },
  timeoutMs: {
    flag: 'timeout',
    describe: 'A worker whose event loop gives no sign of life for so long is killed and replaced; 0: never',
    default: '30',
    group: 'Health',
    kind: durationOrOff(100),
  },
  giveUpMs: {
    flag: 'give-up',
    describe: 'Stop with exit code 3 when no worker has been ready for so long; 0: never',
    default: '0',
    group: 'Health',
    kind: duration(0),
  },
  maxRequests: {
    flag: 'max-requests',
    describe: 'Replace a worker after so many requests; 0: never',
    default: '0',
    group: 'Recycling',
    kind: wholeNumber(0, MOST_REQUESTS),
  },
  maxRequestsJitter: {
    flag: 'max-requests-jitter',
    describe: 'Up to so many requests more, at random for each worker, so that they do not all leave at once',
    default: '0',
    group: 'Recycling',
    kind: wholeNumber(0, MOST_REQUESTS),
  },
  maxAgeMs: {
    flag: 'max-age',
    describe: 'Replace a worker after so long; 0: never',
    default: '0',
    group: 'Recycling',
    kind: durationOrOff(1000, LONGEST_AGE_MS),
  },
  maxMemory: {
    flag: 'max-memory',
    describe: 'Replace a worker that takes up more memory (RSS, three times in a row), such as 512M; 0: never',
    default: null,
    group: 'Recycling',
    kind: size(),
  },
  maxLoopDelayMs: {
    flag: 'max-loop-delay',
    describe: 'Replace a worker whose event loop is late by more on average (three times in a row); 0: never',
    default: '0',
    group: 'Recycling',
    kind: durationOrOff(10),
  },
}
