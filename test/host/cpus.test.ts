import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { cpuQuota, usableCpus } from '../../packages/supervisor/src/host/cpus.ts'

/** A machine whose files are these. */
function machine(files: Readonly<Record<string, string>>): (path: string) => string | null {
  return (path) => files[path] ?? null
}

const SELF = '/proc/self/cgroup'
const CPUS = availableParallelism()

describe('the quota of a control group of version 2', () => {
  it.each<[string, string, number | null]>([
    ['half a CPU', '50000 100000\n', 0.5],
    ['two CPUs', '200000 100000\n', 2],
    ['another period', '15000 10000\n', 1.5],
    ['no limit', 'max 100000\n', null],
    ['an empty file', '', null],
    ['no period', '200000\n', null],
    ['a period of zero', '200000 0\n', null],
    ['a quota of zero', '0 100000\n', null],
    ['a quota below zero', '-1 100000\n', null],
    ['garbage', 'two CPUs\n', null],
  ])('is read: %s', (_what, text, quota) => {
    expect(cpuQuota(machine({ [SELF]: '0::/\n', '/sys/fs/cgroup/cpu.max': text }))).toBe(quota)
  })

  it('is the strictest of the group and all above it', () => {
    const files = {
      [SELF]: '0::/app.slice/web.scope\n',
      '/sys/fs/cgroup/app.slice/web.scope/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/app.slice/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/cpu.max': 'max 100000\n',
    }
    expect(cpuQuota(machine(files))).toBe(1.5)
    expect(cpuQuota(machine({ ...files, '/sys/fs/cgroup/app.slice/cpu.max': 'max 100000\n' }))).toBe(4)
  })

  it('is found where a container sees its own group as the outermost one', () => {
    const files = { [SELF]: '0::/../../pod1/abc\n', '/sys/fs/cgroup/cpu.max': '100000 100000\n' }
    expect(cpuQuota(machine(files))).toBe(1)
  })
})

describe('the quota of a control group of version 1', () => {
  const LINES = '12:memory:/docker/abc\n5:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n'

  it.each<[string, string, string, number | null]>([
    ['three CPUs', '300000\n', '100000\n', 3],
    ['no limit', '-1\n', '100000\n', null],
    ['garbage', 'abc\n', '100000\n', null],
    ['no period', '300000\n', '', null],
  ])('is read: %s', (_what, quota, period, cpus) => {
    const files = {
      [SELF]: LINES,
      '/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us': quota,
      '/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us': period,
    }
    expect(cpuQuota(machine(files))).toBe(cpus)
  })

  it('is found where a container sees its own group as the outermost one', () => {
    const files = {
      [SELF]: LINES,
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '250000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    }
    expect(cpuQuota(machine(files))).toBe(2.5)
  })
})

describe('where both versions are mounted', () => {
  it('the stricter quota counts', () => {
    const files = {
      [SELF]: '5:cpu:/a\n0::/b\n',
      '/sys/fs/cgroup/b/cpu.max': '300000 100000\n',
      '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '200000\n',
      '/sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
    }
    expect(cpuQuota(machine(files))).toBe(2)
  })
})

describe('where there are no control groups', () => {
  it.each([{}, { [SELF]: '' }, { [SELF]: 'garbage\n\n:::\n' }])('there is no quota: %o', (files) => {
    expect(cpuQuota(machine(files))).toBeNull()
  })
})

/** The CPUs that can be used under a quota per 100 ms, in microseconds. */
function withQuota(text: string): number {
  return usableCpus(machine({ [SELF]: '0::/\n', '/sys/fs/cgroup/cpu.max': `${text} 100000\n` }))
}

describe('the CPUs that can be used', () => {
  it('are those of the machine where no quota limits them, or a larger one', () => {
    expect(usableCpus(() => null)).toBe(CPUS)
    expect(withQuota('max')).toBe(CPUS)
    expect(withQuota(String((CPUS + 1) * 100_000))).toBe(CPUS)
  })

  it('are those of the quota, rounded up, and at least one', () => {
    expect(withQuota('100000')).toBe(1)
    expect(withQuota('1000')).toBe(1)
    expect(withQuota('110000')).toBe(Math.min(2, CPUS))
  })

  it('are a whole number of at least one on this machine', () => {
    expect(usableCpus()).toBeGreaterThanOrEqual(1)
    expect(usableCpus()).toBeLessThanOrEqual(CPUS)
    expect(Number.isInteger(usableCpus())).toBe(true)
  })
})
