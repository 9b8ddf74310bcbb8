// The shape of the values that a template is given: the names it may use, known at start, before there is any value.

/**
 * The names in `Values`, with what stands behind each: `text`; `url`, which may also stand in a link; `color`, in a style; `any`, an object
 * of whatever names; a list, by its element; or an object of its own.
 */
export type Shape<Values> =
  NonNullable<Values> extends readonly (infer Element)[]
    ? readonly [Shape<Element>]
    : NonNullable<Values> extends object
      ? string extends keyof NonNullable<Values>
        ? 'any'
        : { readonly [Name in keyof NonNullable<Values>]-?: Shape<NonNullable<Values>[Name]> }
      : 'text' | 'url' | 'color'

/** A shape whose type is no longer known; `made` is what the host itself wrote, or a helper of its own returns. */
export type AnyShape =
  | 'text'
  | 'url'
  | 'color'
  | 'any'
  | 'made'
  | readonly [AnyShape]
  | { readonly [name: string]: AnyShape }

/** What has names of its own to choose from. */
export function isNamed(shape: AnyShape): shape is { readonly [name: string]: AnyShape } {
  return typeof shape === 'object' && !isList(shape)
}

export function isList(shape: AnyShape): shape is readonly [AnyShape] {
  return Array.isArray(shape)
}
