// The questions of a waiting list: what a host may ask, and the answers held against that.
import type { FieldError } from './errors.js'
import { invalid, invalidField, isPlainObject } from './input.js'
import { duration, text, wrong } from './option-checks.js'
import { checkNames } from './option-names.js'
import type { RequestQuestion } from './options.js'

/** A question, complete. */
interface Question {
  readonly label: string
  readonly required: boolean
  readonly maxLength: number
  readonly options: readonly string[] | undefined
}

/** The questions of one app, by name, in the order in which they were given. */
export type RequestQuestions = ReadonlyMap<string, Question>

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const MAX_QUESTIONS = 20
const USUAL_LENGTH = 500
const MAX_LENGTH = 2000
const MAX_BYTES = 4096
const TEXT = /^(?:[^\p{Cc}\p{Cs}]|[\r\n\t])*$/u

/** @throws TypeError where one is named or written wrongly. */
export function readQuestions(
  name: string,
  given: Readonly<Record<string, RequestQuestion>> | undefined,
): RequestQuestions {
  if (given === undefined) return new Map()
  if (!isPlainObject(given) || Object.keys(given).length > MAX_QUESTIONS) {
    wrong(name, `an object of up to ${MAX_QUESTIONS} questions, such as { company: { label: 'Where do you work?' } }`)
  }
  return new Map(Object.entries(given).map(([key, question]) => [key, readQuestion(`${name}.${key}`, key, question)]))
}

function readQuestion(name: string, key: string, given: RequestQuestion): Question {
  if (!NAME.test(key)) wrong(name, 'named by a letter, and up to 63 letters, digits and _ - behind it')
  if (!isPlainObject(given)) wrong(name, '{ label, required, maxLength, options }')
  checkNames(`createInvites: ${name}`, given, ['label', 'required', 'maxLength', 'options'])
  const { required = false, options } = given
  const label = text(`${name}.label`, given.label) ?? wrong(`${name}.label`, 'a line of text')
  if (typeof required !== 'boolean') wrong(`${name}.required`, 'true or false')
  const rule = `a whole number from 1 to ${MAX_LENGTH}`
  const maxLength = duration(`${name}.maxLength`, given.maxLength, rule) ?? USUAL_LENGTH
  if (maxLength > MAX_LENGTH) wrong(`${name}.maxLength`, rule)
  const isList = Array.isArray(options) && options.length > 0
  if (options !== undefined && !(isList && options.every((each) => typeof each === 'string' && each !== ''))) {
    wrong(`${name}.options`, "a list of the answers there are, such as ['yes', 'no']")
  }
  return { label, required, maxLength, options }
}

/** The answers that were given; what was left empty is none. @throws InviteError `input_invalid` naming each wrong one. */
export function readAnswers(questions: RequestQuestions, given: unknown = {}): Readonly<Record<string, string>> {
  if (!isPlainObject(given)) throw invalidField('answers', 'must be an object of the answers by their names')
  const errors: FieldError[] = []
  const answers: Record<string, string> = {}
  for (const name of Object.keys(given)) {
    if (!questions.has(name)) errors.push({ pointer: pointerTo(name), detail: 'is not a question of this app' })
  }
  for (const [name, question] of questions) {
    const answer = Object.hasOwn(given, name) ? given[name] : undefined
    const detail = wrongWith(question, answer ?? '')
    if (detail !== undefined) errors.push({ pointer: pointerTo(name), detail })
    else if (typeof answer === 'string' && answer.trim() !== '') answers[name] = answer
  }
  if (errors.length > 0) throw invalid(errors)
  if (Buffer.byteLength(JSON.stringify(answers)) > MAX_BYTES) {
    throw invalidField('answers', `must be at most ${MAX_BYTES} bytes together, as JSON`)
  }
  return answers
}

function wrongWith({ required, maxLength, options }: Question, answer: unknown): string | undefined {
  const rule = `must be a text of up to ${maxLength} characters without control characters`
  if (typeof answer !== 'string' || answer.length > maxLength || !TEXT.test(answer)) return rule
  if (answer.trim() === '') return required ? 'must be answered' : undefined
  return options !== undefined && !options.includes(answer) ? `must be one of ${options.join(', ')}` : undefined
}

/** RFC 6901, of an answer by its name. */
function pointerTo(name: string): string {
  return `#/answers/${encodeURIComponent(name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1'))}`
}
