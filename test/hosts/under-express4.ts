// Preloaded into a process (`--import`): whatever imports Express there, tests and source alike, gets Express 4.21.0.
import Module, { register } from 'node:module'

const OTHER = 'express-4.21'

// Both ways of loading: the loader of ES modules, and the one of CommonJS, by which `require` asks.
const hook = `export const resolve = (name, context, next) => next(name === 'express' ? '${OTHER}' : name, context)`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const loader = Module as unknown as { _resolveFilename(name: string, ...rest: unknown[]): string }
const resolveFilename = loader._resolveFilename
loader._resolveFilename = function (name, ...rest) {
  return Reflect.apply(resolveFilename, this, [name === 'express' ? OTHER : name, ...rest])
}

const [express, other] = [await import('express'), await import(OTHER)]
if (express.default !== other.default) throw new Error(`${OTHER} did not take the place of express`)
