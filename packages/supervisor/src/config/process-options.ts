import * as v from 'valibot'
import { text, type Kind } from './kinds.ts'
import type { OptionTable } from './option.ts'

/** The options of the processes themselves: who they are, and which files tell of them. */
export const PROCESS_OPTIONS: OptionTable<'user' | 'group' | 'umask' | 'pidFile'> = {
  user: {
    flag: 'user',
    describe: 'Who the workers run as, where the supervisor is started by root; root to leave them so',
    default: null,
    group: 'Process',
    kind: account(),
  },
  group: {
    flag: 'group',
    describe: 'The group that the workers run in; without it, the one of the user',
    default: null,
    group: 'Process',
    kind: account(),
  },
  umask: {
    flag: 'umask',
    describe: 'The rights that files which are made do not get, such as 027; without it, what the shell says',
    default: null,
    group: 'Process',
    kind: octal(),
  },
  pidFile: {
    flag: 'pid-file',
    describe: "A file for the supervisor's process id. One that names a supervisor which runs is refused",
    default: null,
    group: 'Process',
    kind: text('file'),
  },
}

/** The highest one means "leave it as it is" to the system. */
const MOST_ID = 2 ** 32 - 2
/** What the databases of accounts could hold, and no program takes for an option. */
const NAME = /^[^\s:/-][^\s:/]*$/
const ACCOUNT_FORMS = `must be a name, or a number from 0 to ${MOST_ID}`

/** A user or a group. Names stay names: who they are is looked up where that counts. */
function account(): Kind<string> {
  const isAccount = (value: string): boolean => (/^\d+$/.test(value) ? Number(value) <= MOST_ID : NAME.test(value))
  return {
    placeholder: 'name|number',
    readText: (value) => (isAccount(value) ? { ok: true, value } : { ok: false, problem: ACCOUNT_FORMS }),
    schema: () =>
      v.pipe(
        v.union([v.string(), v.pipe(v.number(), v.integer(ACCOUNT_FORMS))], ACCOUNT_FORMS),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const value = String(dataset.value)
          if (isAccount(value)) return value
          addIssue({ message: ACCOUNT_FORMS })
          return NEVER
        }),
      ),
  }
}

const OCTAL = /^0?[0-7]{1,3}$/
const OCTAL_FORMS = 'must be a text of octal digits, such as 027'

/** A text everywhere: a number in JSON can't be octal, and 27 would be something else than 027. */
function octal(): Kind<string> {
  return {
    placeholder: 'octal',
    readText: (value) => (OCTAL.test(value) ? { ok: true, value } : { ok: false, problem: OCTAL_FORMS }),
    schema: () => v.pipe(v.string(OCTAL_FORMS), v.regex(OCTAL, OCTAL_FORMS)),
  }
}
