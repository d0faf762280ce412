import { duration, text, toggle } from './kinds.ts'
import type { OptionTable } from './option.ts'

/** The options of development: workers are replaced whenever a file changes. */
export const DEVELOPMENT_OPTIONS: OptionTable<
  'reload' | 'reloadDir' | 'reloadInclude' | 'reloadExclude' | 'reloadDelayMs' | 'reloadPoll' | 'warm' | 'warmExclude'
> = {
  reload: {
    flag: 'reload',
    describe: 'Watch the files of the app, and serve the new code whenever one changes; for development',
    default: 'false',
    group: 'Development',
    kind: toggle(),
  },
  reloadDir: {
    flag: 'reload-dir',
    describe:
      "A folder to watch, besides the files that the app has loaded; without it, the app's own. Can be given several times",
    default: null,
    group: 'Development',
    isList: true,
    kind: text('folder'),
  },
  reloadInclude: {
    flag: 'reload-include',
    describe:
      'A pattern of the files that count in these folders; without it, *.{js,mjs,cjs,ts,mts,cts,json} and .env*. Can be given several times',
    default: null,
    group: 'Development',
    isList: true,
    kind: text('pattern'),
  },
  reloadExclude: {
    flag: 'reload-exclude',
    describe:
      'A pattern of files and folders that do not count, besides node_modules, dot folders and what git ignores. Can be given several times',
    default: null,
    group: 'Development',
    isList: true,
    kind: text('pattern'),
  },
  reloadDelayMs: {
    flag: 'reload-delay',
    describe: 'How long to wait after a change for more of them',
    default: '0',
    group: 'Development',
    kind: duration(0),
  },
  reloadPoll: {
    flag: 'reload-poll',
    describe:
      'Look at the files all the time, where the system tells of no changes: folders shared with a container or a virtual machine',
    default: 'false',
    group: 'Development',
    kind: toggle(),
  },
  warm: {
    flag: 'warm',
    describe: 'Keep a spare process at hand which has loaded the dependencies of the app; --no-warm turns it off',
    default: 'true',
    group: 'Development',
    kind: toggle(),
  },
  warmExclude: {
    flag: 'warm-exclude',
    describe:
      'A package that the spare leaves to the app, because it reads the environment when it is loaded. Can be given several times',
    default: null,
    group: 'Development',
    isList: true,
    kind: text('package'),
  },
}
