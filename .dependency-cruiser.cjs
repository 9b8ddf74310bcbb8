// Who may import whom. The layers are what keeps the core free of Express and of SQL; `npm run lint` holds them.
// Tested in test/structure.test.ts: each rule there refuses the import that it is there for.

const LEAVES =
  '^src/(addresses|codes|errors|events|keyring|modes|option-names|quotas|records|store[a-z-]*|types|warnings)\\.ts$'
const packages = (...names) => names.map((name) => `(^|/)node_modules/(@types/)?${name}/`)
const drivers = packages('better-sqlite3', 'pg')

module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Files that import each other are one file; types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core',
      comment: 'The core knows no Express, no SQL and no adapter.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(http|cli)/|^src/index\\.ts$' },
      to: {
        path: [
          '^src/http/',
          '^adapters/',
          ...packages('express', 'express-serve-static-core', 'express-rate-limit', 'kysely', 'nodemailer'),
          ...packages('cookie', 'on-headers'),
          ...drivers,
        ],
      },
    },
    {
      name: 'leaves',
      comment: 'Leaf modules import leaf modules only.',
      severity: 'error',
      from: { path: LEAVES },
      to: { path: '^(src|adapters)/', pathNot: LEAVES },
    },
    {
      name: 'store-contract',
      comment: 'The store contract stands on types alone.',
      severity: 'error',
      from: { path: '^src/store[a-z-]*\\.ts$' },
      to: { pathNot: '^src/(types|records|store[a-z-]*)\\.ts$' },
    },
    {
      name: 'http',
      comment: 'HTTP imports no adapter, and neither Kysely nor a driver.',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: ['^adapters/', ...packages('kysely'), ...drivers] },
    },
    {
      name: 'cli',
      comment: 'The command line uses the package, and nothing uses the command line.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/http/' },
    },
    {
      name: 'cli-is-last',
      comment: 'The command line uses the package, and nothing uses the command line.',
      severity: 'error',
      from: { path: '^(src|adapters|example)/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'adapters',
      comment: 'Adapters import the contract, its leaves, Kysely and one driver.',
      severity: 'error',
      from: { path: '^adapters/' },
      to: {
        pathNot: [
          '^adapters/',
          '^src/(store[a-z-]*|records|types|errors|modes|option-names|quotas)\\.ts$',
          ...packages('kysely'),
          ...drivers,
        ],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'one-driver',
      comment: 'What the adapters share knows no driver, and an adapter knows its own.',
      severity: 'error',
      from: { path: '^adapters/', pathNot: '^adapters/sqlite(/|\\.ts$)' },
      to: { path: packages('better-sqlite3') },
    },
    {
      name: 'one-driver-postgres',
      comment: 'What the adapters share knows no driver, and an adapter knows its own.',
      severity: 'error',
      from: { path: '^adapters/', pathNot: '^adapters/postgres(/|\\.ts$)' },
      to: { path: packages('pg') },
    },
    {
      name: 'login',
      comment: 'Passport and nodemailer are for tests and the example: the package depends on shapes.',
      severity: 'error',
      from: { path: '^(src|adapters)/' },
      to: { path: packages('passport[^/]*', 'nodemailer') },
    },
    {
      name: 'example',
      comment: 'The example imports the package by its name, as a host does.',
      severity: 'error',
      from: { path: '^example/' },
      to: { path: '^(src|adapters)/' },
    },
    {
      name: 'declared',
      comment: 'What runs for a user is in `dependencies` or `peerDependencies`.',
      severity: 'error',
      from: { path: '^(src|adapters)/' },
      to: { dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'core', 'local'] },
    },
  ],
  options: {
    doNotFollow: { path: ['(^|/)node_modules/', '^dist/'] },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'], exportsFields: ['exports'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // `import type` counts
  },
}
