// What may be asked for by whoever is mailed.
import * as v from 'valibot'

/** No more mail, or mail again. */
export const noMoreSchema = v.strictObject({
  /** `stop`: no more mail; `resume`: take that back. Default: `stop`, as mail programs mean it that say nothing of it. */
  choice: v.optional(v.picklist(['stop', 'resume'], 'must be stop or resume'), 'stop'),
})
