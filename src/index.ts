// The public interface. What is not named here is private.

export type { AppKey, AppKeyScope, CreatedAppKey } from './app-keys.js'
export type { Scope } from './context.js'
export { type FieldError, InviteError, type InviteErrorCode, type InviteErrorOptions } from './errors.js'
export type {
  AcceptedEvent,
  DecidedEvent,
  DeliveryFailedEvent,
  GuessingEvent,
  InviteEvent,
  InviteEventEmitter,
  InviteEvents,
  OpenedEvent,
  RefusedEvent,
  WebhookFailedEvent,
} from './events.js'
export { type AdmitStrategyOptions, admit, type LocalProfile, type Refusal } from './http/admit.js'
export type { AuthorizeOption } from './http/authorization.js'
export { type CarryInviteOptions, carryInvite } from './http/carry.js'
export type { FromRequest } from './http/credentials.js'
export { type InviteDashboardOptions, inviteDashboard } from './http/dashboard.js'
export type { ExistingAccount, ExistingOption } from './http/existing.js'
export { type InviteErrorsOptions, inviteErrors } from './http/invite-errors.js'
export { type AdmitLogin, createInvites, type Invites } from './http/invites.js'
export { loggedIn } from './http/logged-in.js'
export type { AdmitOptions } from './http/login.js'
export { previewInvite } from './http/preview.js'
export { assertedAddress, type LoginAddress, type LoginDetails } from './http/provider-address.js'
export { type RequireInviteOptions, requireInvite } from './http/require-invite.js'
export { type InviteRouterOptions, inviteRouter } from './http/router.js'
export type {
  CustomDoor,
  Door,
  DoorOptions,
  RouteDoor,
  SelfTestOptions,
  SignupTry,
  StrategyDoor,
} from './http/self-test/doors.js'
export type { ServableApp } from './http/self-test/serve.js'
export type { Succeeded } from './http/settle.js'
export type { CoreInvites } from './invites.js'
export type { InviteMailValues } from './mail/message.js'
export type { RequestMailValues } from './mail/request-message.js'
export type { NoMorePageValues } from './no-more-page.js'
export type {
  AppOptions,
  Awaitable,
  Branding,
  HumanCodeLimits,
  InviteLimit,
  InviteLimits,
  InvitesOptions,
  Mailer,
  MailLimit,
  MailLimits,
  MailMessage,
  PruneOptions,
  RequestQuestion,
  TemplateHelper,
  TemplateOptions,
  WebhookEndpoint,
} from './options.js'
export type {
  AuditActor,
  AuditEntry,
  InvitedUser,
  InviterCounts,
  InviterState,
  InviteTree,
  LogAction,
  PeriodCounts,
  RoleCounts,
  SourceCounts,
  Statistics,
} from './record-types.js'
export type { RefusalLink, RefusalPageValues, RefusedField } from './refusal-page.js'
export type { GivenAnswer, RequestPageValues } from './request-page.js'
export type { DoorReport, DoorTry, SelfTestReport } from './self-test-report.js'
export type * from './store.js'
export type {
  Acceptance,
  AccessRequest,
  Action,
  Actor,
  Delivery,
  Invite,
  InvitePreview,
  Inviter,
  InviteStatus,
  InviteSummary,
  Mode,
  Page,
  PlannedSwitch,
  Quota,
  QuotaRefill,
  QuotaRule,
  QuotaRuleInput,
  Settings,
} from './types.js'
export type { PageQuery } from './use-cases/acceptances.js'
export type { AccessRequestInput } from './use-cases/access-requests.js'
export type { Credentials } from './use-cases/check.js'
export type { AcceptOptions, Claim, ClaimInput, ClaimKey } from './use-cases/claim.js'
export type { CreateKey } from './use-cases/keys.js'
export type { ListQuery, ResendOptions, RevokeAll, UpdateInvite } from './use-cases/manage.js'
export type { Forgotten, Person, PersonData, PersonInvite, PersonRequest } from './use-cases/privacy.js'
export type { Pruned } from './use-cases/prune.js'
export type { QuotaChange, QuotaGrant, QuotaGranted } from './use-cases/quotas.js'
export type { AuditQuery, InviterChange, TreeQuery } from './use-cases/record.js'
export type {
  AccessRequestQuery,
  ApproveRequests,
  DecidedRequests,
  DeclineRequests,
} from './use-cases/request-decisions.js'
export type { SendInvite } from './use-cases/send.js'
export type { SendManyOptions, SendManyRow, SentMany, SentRow, SkippedRows } from './use-cases/send-many.js'
export type { SettingsChange } from './use-cases/settings.js'
export type { StatsQuery } from './use-cases/statistics.js'
export type {
  AcceptanceWebhookData,
  AcceptanceWebhookType,
  AppWebhookData,
  AppWebhookType,
  FailedWebhook,
  InviteWebhookData,
  InviteWebhookType,
  WebhookData,
  WebhookEvent,
  WebhookMessage,
  WebhookType,
} from './webhook-types.js'
