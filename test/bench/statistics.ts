// Medians and spreads.

/** The middle of a sample, and its 10th and 90th percentile. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

export function quantile(sample: ArrayLike<number>, part: number): number {
  const sorted = Float64Array.from(sample).sort()
  const at = part * (sorted.length - 1)
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export function spreadOf(sample: readonly number[]): Spread {
  return { median: quantile(sample, 0.5), low: quantile(sample, 0.1), high: quantile(sample, 0.9) }
}
