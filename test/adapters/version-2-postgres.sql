-- What the second version of the schema left in Postgres, in a schema to be named.
create schema if not exists "SCHEMA";

create table "SCHEMA"."invite_only_migrations" (version integer primary key);

create table "SCHEMA"."invite_only_invites" (
      id text collate "C" primary key,
      app_id text collate "C" not null,
      email text collate "C",
      email_canonical text collate "C",
      email_at text collate "C",
      email_domain text collate "C",
      code_hash text collate "C" not null,
      code_sealed text collate "C" not null,
      code_generation integer not null default 1 check (code_generation >= 1),
      role text collate "C",
      org_id text collate "C",
      inviter_id text collate "C",
      inviter_email text collate "C",
      inviter_name text collate "C",
      message text collate "C",
      locale text collate "C",
      metadata jsonb,
      max_uses integer check (max_uses >= 1),
      uses integer not null default 0 check (uses >= 0),
      held integer not null default 0 check (held >= 0),
      created_at timestamptz not null,
      term_ms bigint check (term_ms >= 1),
      expires_at timestamptz,
      revoked_at timestamptz,
      delivery_id text collate "C",
      check (max_uses is null or uses + held <= max_uses),
      check ((email is null) = (email_canonical is null) and (email is null) = (email_at is null)),
      check (email is null or (max_uses is not null and max_uses = 1 and email_domain is null))
    );

create unique index "invite_only_invites_code" on "SCHEMA"."invite_only_invites" (code_hash);

create unique index "invite_only_invites_pending" on "SCHEMA"."invite_only_invites" (app_id, email_canonical, coalesce(org_id, ''))
      where email_canonical is not null and revoked_at is null and uses = 0;

create index "invite_only_invites_list" on "SCHEMA"."invite_only_invites" (app_id, created_at, id);

create index "invite_only_invites_inviter" on "SCHEMA"."invite_only_invites" (app_id, inviter_id, created_at, id);

create table "SCHEMA"."invite_only_claims" (
      id text collate "C" primary key,
      invite_id text collate "C" not null references "SCHEMA"."invite_only_invites" (id) on delete cascade,
      email text collate "C",
      lapses_at timestamptz not null
    );

create index "invite_only_claims_invite" on "SCHEMA"."invite_only_claims" (invite_id, lapses_at);

create table "SCHEMA"."invite_only_acceptances" (
      id text collate "C" primary key,
      invite_id text collate "C" not null references "SCHEMA"."invite_only_invites" (id) on delete cascade,
      app_id text collate "C" not null,
      claim_id text collate "C" not null,
      user_id text collate "C",
      email text collate "C",
      role text collate "C",
      org_id text collate "C",
      inviter_id text collate "C",
      inviter_email text collate "C",
      inviter_name text collate "C",
      accepted_at timestamptz not null,
      reopened_at timestamptz
    );

create unique index "invite_only_acceptances_claim" on "SCHEMA"."invite_only_acceptances" (claim_id) where reopened_at is null;

create unique index "invite_only_acceptances_user" on "SCHEMA"."invite_only_acceptances" (invite_id, user_id)
      where user_id is not null and reopened_at is null;

create index "invite_only_acceptances_list" on "SCHEMA"."invite_only_acceptances" (app_id, accepted_at, id);

create table "SCHEMA"."invite_only_deliveries" (
      id text collate "C" primary key,
      invite_id text collate "C" not null references "SCHEMA"."invite_only_invites" (id) on delete cascade,
      attempts integer not null default 0 check (attempts >= 0),
      last_error text collate "C",
      next_attempt_at timestamptz not null,
      leased_until timestamptz,
      sent_at timestamptz,
      failed_at timestamptz,
      canceled_at timestamptz
    );

create index "invite_only_deliveries_due" on "SCHEMA"."invite_only_deliveries" (next_attempt_at)
      where sent_at is null and failed_at is null and canceled_at is null;

create index "invite_only_deliveries_invite" on "SCHEMA"."invite_only_deliveries" (invite_id);

create table "SCHEMA"."invite_only_settings" (
      app_id text collate "C" primary key,
      mode text collate "C" not null check (mode in ('open', 'invite-only', 'waitlist', 'closed')),
      updated_at timestamptz not null
    );

insert into "SCHEMA"."invite_only_migrations" (version) values (1);

create table "SCHEMA"."invite_only_keyed_requests" (
      id text collate "C" primary key,
      fingerprint text collate "C" not null,
      asked integer not null check (asked >= 1),
      started_at timestamptz not null,
      leased_until timestamptz not null,
      answer text collate "C"
    );

create index "invite_only_keyed_requests_started" on "SCHEMA"."invite_only_keyed_requests" (started_at);

insert into "SCHEMA"."invite_only_migrations" (version) values (2);

insert into "SCHEMA"."invite_only_invites" values ('XXW4hcXMldOP31IziSgbL','default','ada@example.com','ada@example.com','example.com',NULL,'Fxfydt6oQWwJrcmjqbc7BAsk9A389OuWVYkOIZRDR6Q','1.F7gn9yQv3O161hK5h8LXLSa7hSbCvTNQpnLRDvJnRh72eB5vSkKQHhHODnne_R43uv5X-ftumBW9Zd1rZxY',1,'nurse',NULL,NULL,NULL,NULL,NULL,NULL,'{"a":1}',1,0,0,'2026-11-21T09:00:00.000Z',604800000,'2026-11-28T09:00:00.000Z',NULL,'t66Ec6Ggs9uzjeWfD7dfX');
insert into "SCHEMA"."invite_only_invites" values ('1GYJJHGsq939FpHpav1CS','default',NULL,NULL,NULL,NULL,'otZNwkCCuPyop5Xcyfg56w4fgpcFxAloBk4eAixInI8','1.ZcZg3cnvMUckAjnT_2JHyii8fKqFn7rSqDoIJeQ7bVoC_7vajOVf-8l30LMOm4LtwQYexD7aT7m2KAU7-zE',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2,1,0,'2026-11-21T09:00:00.000Z',604800000,'2026-11-28T09:00:00.000Z',NULL,NULL);
insert into "SCHEMA"."invite_only_settings" values ('default', 'waitlist', '2026-11-21T09:00:00.000Z');
