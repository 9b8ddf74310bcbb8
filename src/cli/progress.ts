// How far a long command has got: a bar on a terminal, a line now and then elsewhere.
import { count, readableSpan } from './text.js'

export interface Progress {
  /** So many more rows are done, and so much of the file is read. */
  add(rows: number, bytesRead: number): void
  stop(): void
}

interface ProgressOptions {
  /** The size of the file; `undefined`: not known. */
  readonly bytes: number | undefined
  readonly isTerminal: boolean
  /** Where lines go. */
  readonly note: (text: string) => void
}

const LINE_MS = 10_000

export async function startProgress({ bytes, isTerminal, note }: ProgressOptions): Promise<Progress> {
  const began = performance.now()
  let rows = 0
  let told = began

  function standing(bytesRead: number): { readonly rate: string; readonly left: string } {
    const ms = performance.now() - began
    const rate = Math.round((rows * 1000) / Math.max(ms, 1)).toLocaleString('en-US')
    const leftMs = bytes === undefined || bytesRead === 0 ? undefined : (ms * (bytes - bytesRead)) / bytesRead
    return { rate, left: leftMs === undefined ? '' : `, ${readableSpan(Math.max(leftMs, 0))} left` }
  }

  if (!isTerminal || bytes === undefined) {
    return {
      add(more, bytesRead) {
        rows += more
        if (performance.now() - told < LINE_MS) return
        told = performance.now()
        const { rate, left } = standing(bytesRead)
        note(`${count(rows, 'row')}, ${rate} a second${left}`)
      },
      stop() {},
    }
  }
  const { SingleBar } = (await import('cli-progress')).default
  const format = '{bar} {percentage}% | {rows} rows, {rate} a second{left}'
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true, gracefulExit: false })
  bar.start(bytes, 0, { rows: 0, rate: 0, left: '' })
  return {
    add(more, bytesRead) {
      rows += more
      bar.update(Math.min(bytesRead, bytes), { rows: rows.toLocaleString('en-US'), ...standing(bytesRead) })
    },
    stop: () => bar.stop(),
  }
}
