import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * How many CPUs this process may use: those that the scheduler gives it, limited by the quota of its control group, by
 * which containers are limited. `read` returns the text of a file, or null.
 */
export function usableCpus(read: (path: string) => string | null = readText): number {
  const quota = cpuQuota(read)
  const cpus = availableParallelism()
  return quota === null ? cpus : Math.max(1, Math.min(cpus, Math.ceil(quota)))
}

/** The quota in CPUs, of control groups version 2 or 1; null without one. */
export function cpuQuota(read: (path: string) => string | null): number | null {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'))
  const unified = pathOf(groups.find(([id]) => id === '0'))
  const legacy = pathOf(groups.find(([, names]) => names?.split(',').includes('cpu')))
  return smallest([
    ...ancestors(unified).map((group) => unifiedQuota(read(`/sys/fs/cgroup${group}/cpu.max`))),
    ...ancestors(legacy).map((group) =>
      legacyQuota(
        read(`/sys/fs/cgroup/cpu${group}/cpu.cfs_quota_us`),
        read(`/sys/fs/cgroup/cpu${group}/cpu.cfs_period_us`),
      ),
    ),
  ])
}

/** The path of a line of proc's cgroup file, split at its colons: the path itself may have some. */
function pathOf(line: readonly string[] | undefined): string {
  return line?.slice(2).join(':') ?? '/'
}

/** A group and all above it, since the strictest quota counts; in a container the outermost one seen is its own. */
function ancestors(group: string): string[] {
  const parts = group.split('/').filter(Boolean)
  return Array.from({ length: parts.length + 1 }, (_, depth) =>
    parts
      .slice(0, parts.length - depth)
      .map((part) => `/${part}`)
      .join(''),
  )
}

/** `cpu.max`: quota and period in microseconds, or `max` for none. */
function unifiedQuota(text: string | null): number | null {
  const [quota = '', period = ''] = (text ?? '').trim().split(' ')
  return legacyQuota(quota, period)
}

function legacyQuota(quota: string | null, period: string | null): number | null {
  const ratio = Number(quota?.trim()) / Number(period?.trim())
  return ratio > 0 && Number.isFinite(ratio) ? ratio : null
}

function smallest(quotas: readonly (number | null)[]): number | null {
  const known = quotas.filter((quota) => quota !== null)
  return known.length === 0 ? null : Math.min(...known)
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
