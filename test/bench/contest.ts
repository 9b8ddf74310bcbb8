// Has contestants take turns, round by round, so that whatever else the machine does befalls all of them alike; what
// counts is the median of the ratios within each round.
import { type Spread, spreadOf } from './statistics.js'

/** What one turn measured, by name. */
export type Measures = Readonly<Record<string, number>>

export interface Contestant {
  readonly name: string
  turn(): Promise<Measures>
}

export interface Contest {
  readonly names: readonly string[]
  spread(name: string, measure: string): Spread
  /** Of one contestant's measure to another's, in the same round. */
  ratio(name: string, baseline: string, measure: string): Spread
  /** Every turn of every contestant. */
  readonly turns: Readonly<Record<string, readonly Measures[]>>
}

export async function contest(contestants: readonly Contestant[], rounds: number, warmups = 1): Promise<Contest> {
  const turns: Record<string, Measures[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]))
  for (let round = -warmups; round < rounds; round++) {
    const from = (round + warmups) % contestants.length
    for (const { name, turn } of [...contestants.slice(from), ...contestants.slice(0, from)]) {
      const measures = await turn()
      if (round >= 0) turns[name]?.push(measures)
    }
  }
  const values = (name: string, measure: string) =>
    (turns[name] ?? []).map((measures) => measures[measure] ?? Number.NaN)
  return {
    names: contestants.map(({ name }) => name),
    turns,
    spread: (name, measure) => spreadOf(values(name, measure)),
    ratio(name, baseline, measure) {
      const others = values(baseline, measure)
      return spreadOf(values(name, measure).map((value, round) => value / (others[round] ?? Number.NaN)))
    },
  }
}
