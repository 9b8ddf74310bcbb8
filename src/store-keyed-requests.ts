// What a store keeps of requests that came with an `Idempotency-Key`.
import type { Timestamp } from './records.js'

/** A request that came with an `Idempotency-Key`. All that names it or tells of it was digested before. */
export interface KeyedRequest {
  /** Of the key, and of whose and for what it is. */
  readonly id: string
  /** Of what was asked for. */
  readonly fingerprint: string
  /** When it is asked for. */
  readonly now: Timestamp
  /** Until when it is taken to be running, unless its end was recorded. */
  readonly leasedUntil: Timestamp
  /** What began then or earlier is forgotten. */
  readonly forgetUntil: Timestamp
}

/** Where a request stands that is asked for under its key. */
export type KeyedRequestState =
  | {
      /** The caller is to carry it out. */
      readonly state: 'begun'
      /** Names this carrying out, with the request's id: the same again where one before was cut off. */
      readonly startedAt: Timestamp
      /** False where one before was cut off, and may have changed something. */
      readonly fresh: boolean
    }
  | {
      /** Somebody else is carrying it out. */
      readonly state: 'running'
    }
  | {
      /** The key stands for a request with another fingerprint. */
      readonly state: 'other'
    }
  | {
      /** It was carried out. */
      readonly state: 'answered'
      /** What was answered, as it was given to `endKeyedRequest`. */
      readonly answer: string
    }

/**
 * How a carrying out ended: with an answer; `refused`, so that nothing was changed and the key is free again; or
 * `unknown`, so that something may have been, and the next one begins under the same `startedAt`.
 */
export type KeyedRequestOutcome =
  | {
      /** Sealed, and opaque to the store. */
      readonly answer: string
    }
  | 'refused'
  | 'unknown'

/** Keyed requests, as a part of a store. */
export interface KeyedRequestStore {
  /**
   * Begins a request under its key, unless that stands for another one, or for one that is running or answered. Of
   * any number at once, from any number of processes, exactly one begins. One whose lease ran out before its end was
   * recorded begins again, under the `startedAt` that it had. Clears some of what is to be forgotten on its way.
   */
  beginKeyedRequest(request: KeyedRequest): Promise<KeyedRequestState>

  /** Records what became of a request that was begun. Ignored where it was answered, or is not there any more. */
  endKeyedRequest(
    request: { readonly id: string; readonly startedAt: Timestamp },
    outcome: KeyedRequestOutcome,
  ): Promise<void>
}
