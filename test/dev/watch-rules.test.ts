import { describe, expect, it } from 'vitest'
import { WatchRules } from '../../packages/supervisor/src/dev/watch-rules.ts'

const INCLUDE = ['*.{js,mjs,cjs,ts,mts,cts,json}', '.env*']

function rulesWith({ include = INCLUDE, exclude = [] as string[], root = '/app' } = {}): WatchRules {
  return new WatchRules('/app', root, { include, exclude })
}

describe('without patterns of the user', () => {
  it.each([
    'a.js',
    'a.mjs',
    'a.cjs',
    'a.ts',
    'a.mts',
    'a.cts',
    'package.json',
    '.env',
    '.env.local',
    'src/deep/b.ts',
    'src/.env',
  ])('%s counts', (file) => expect(rulesWith().isRelevant(`/app/${file}`)).toBe(true))

  it.each([
    'a.md',
    'a.html',
    'js',
    'node_modules/x/a.js',
    'src/node_modules/x/a.js',
    '.git/a.js',
    'src/.cache/a.js',
    '.hidden.js',
  ])('%s does not count', (file) => expect(rulesWith().isRelevant(`/app/${file}`)).toBe(false))

  it.each([
    '4913',
    'a.js~',
    '.#a.js',
    '#a.js#',
    '.a.js.swp',
    '.a.js.swx',
    'a.js___jb_tmp___',
    'a.js___jb_old___',
    '.env~',
    '.env.swp',
    '.#.env',
    'a.js.tmp',
    'a.ts.1234',
    'sedAbC12',
    '.!123!a.js',
  ])('an editor’s %s does not count', (file) => expect(rulesWith().isRelevant(`/app/${file}`)).toBe(false))

  it('files elsewhere do not count, though their path begins alike', () => {
    expect(rulesWith().isRelevant('/application/a.js')).toBe(false)
    expect(rulesWith().isRelevant('/a.js')).toBe(false)
    expect(rulesWith().isWatched('/')).toBe(false)
  })

  it('a dot folder or node_modules above the watched folder is no reason to skip it', () => {
    const rules = new WatchRules('/x/node_modules/.y', '/x/node_modules/.y', { include: INCLUDE, exclude: [] })
    expect(rules.isRelevant('/x/node_modules/.y/src/a.js')).toBe(true)
  })
})

describe('patterns', () => {
  it('without a slash are about names, with one about paths below the folder', () => {
    const rules = rulesWith({ include: ['*.html', 'views/*.txt', './locales/**/*.yml', '/app/abs/*.css'] })
    expect(rules.isRelevant('/app/a/b/c.html')).toBe(true)
    expect(rules.isRelevant('/app/views/a.txt')).toBe(true)
    expect(rules.isRelevant('/app/other/views/a.txt')).toBe(false)
    expect(rules.isRelevant('/app/locales/de/x.yml')).toBe(true)
    expect(rules.isRelevant('/app/abs/x.css')).toBe(true)
    expect(rules.isRelevant('/app/a.js')).toBe(false)
  })

  it.each(['generated', 'generated/', './generated', 'generated/**', '/app/generated'])(
    'exclude a folder as %s',
    (exclude) => {
      expect(rulesWith({ exclude: [exclude] }).isRelevant('/app/generated/deep/a.js')).toBe(false)
      expect(rulesWith({ exclude: [exclude] }).isRelevant('/app/src/a.js')).toBe(true)
    },
  )

  it('exclude files', () => {
    expect(rulesWith({ exclude: ['*.test.ts'] }).isRelevant('/app/src/a.test.ts')).toBe(false)
    expect(rulesWith({ exclude: ['*.test.ts'] }).isRelevant('/app/src/a.ts')).toBe(true)
  })

  it('that name a folder mean it, whatever git ignores', () => {
    const rules = rulesWith({ include: ['dist/**/*.js', '.config/*.json'] })
    rules.gitignore('/app', 'dist/\n')
    expect(rules.isRelevant('/app/dist/deep/a.js')).toBe(true)
    expect(rules.isRelevant('/app/.config/a.json')).toBe(true)
    expect(rules.isWatched('/app/dist/node_modules')).toBe(false)
  })
})

describe('.gitignore', () => {
  it('leaves out what git ignores, but not .env', () => {
    const rules = rulesWith()
    rules.gitignore('/app', 'dist/\n*.gen.ts\n.env\n.env.*\n/only-here.js\n# comment.js\n')
    expect(rules.isWatched('/app/dist')).toBe(false)
    expect(rules.isWatched('/app/packages/a/dist')).toBe(false)
    expect(rules.isRelevant('/app/a.gen.ts')).toBe(false)
    expect(rules.isRelevant('/app/.env')).toBe(true)
    expect(rules.isRelevant('/app/.env.local')).toBe(true)
    expect(rules.isRelevant('/app/only-here.js')).toBe(false)
    expect(rules.isRelevant('/app/src/only-here.js')).toBe(true)
  })

  it('in a nested folder is about that folder, and takes back what one above ignores', () => {
    const rules = rulesWith()
    rules.gitignore('/app', 'build/\n*.gen.js\n')
    rules.gitignore('/app/a[1]', '!build/\n!keep.gen.js\nlocal.js\n/tied.js\nx/y.js\n')
    expect(rules.isRelevant('/app/build/x.js')).toBe(false)
    expect(rules.isRelevant('/app/a[1]/build/x.js')).toBe(true)
    expect(rules.isRelevant('/app/a[1]/keep.gen.js')).toBe(true)
    expect(rules.isRelevant('/app/a[1]/deep/local.js')).toBe(false)
    expect(rules.isRelevant('/app/local.js')).toBe(true)
    expect(rules.isRelevant('/app/a[1]/tied.js')).toBe(false)
    expect(rules.isRelevant('/app/a[1]/deep/tied.js')).toBe(true)
    expect(rules.isRelevant('/app/a[1]/x/y.js')).toBe(false)
  })

  it('of the repository above the folder applies', () => {
    const rules = new WatchRules('/repo/apps/web', '/repo', { include: INCLUDE, exclude: [] })
    rules.gitignore('/repo', '/apps/web/out\ncoverage\n')
    expect(rules.isWatched('/repo/apps/web/out')).toBe(false)
    expect(rules.isWatched('/repo/apps/web/coverage')).toBe(false)
    expect(rules.isWatched('/repo/apps/web/src')).toBe(true)
  })

  it('may change', () => {
    const rules = rulesWith()
    expect(rules.gitignore('/app', 'dist')).toBe(true)
    expect(rules.isWatched('/app/dist')).toBe(false)
    expect(rules.gitignore('/app', 'dist')).toBe(false)
    expect(rules.gitignore('/app', '')).toBe(true)
    expect(rules.isWatched('/app/dist')).toBe(true)
  })
})
