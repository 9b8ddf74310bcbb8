-- A database as schema version 1 left it: two invites, one of them used once, and a mode.
PRAGMA foreign_keys = off; -- while it is filled, table by table
BEGIN TRANSACTION;
CREATE TABLE "invite_only_acceptances" (
      id text primary key,
      invite_id text not null references "invite_only_invites" (id) on delete cascade,
      app_id text not null,
      claim_id text not null,
      user_id text,
      email text,
      role text,
      org_id text,
      inviter_id text,
      inviter_email text,
      inviter_name text,
      accepted_at integer not null,
      reopened_at integer
    ) strict;
INSERT INTO "invite_only_acceptances" VALUES('dNAaIi47lgTxF0XAniD8y','1GYJJHGsq939FpHpav1CS','default','gmxSOPTDDf4KxhBq-rZOx','7',NULL,NULL,NULL,NULL,NULL,NULL,1795251600000,NULL);
CREATE TABLE "invite_only_claims" (
      id text primary key,
      invite_id text not null references "invite_only_invites" (id) on delete cascade,
      email text,
      lapses_at integer not null
    ) strict;
CREATE TABLE "invite_only_deliveries" (
      id text primary key,
      invite_id text not null references "invite_only_invites" (id) on delete cascade,
      attempts integer not null default 0 check (attempts >= 0),
      last_error text,
      next_attempt_at integer not null,
      leased_until integer,
      sent_at integer,
      failed_at integer,
      canceled_at integer
    ) strict;
INSERT INTO "invite_only_deliveries" VALUES('t66Ec6Ggs9uzjeWfD7dfX','XXW4hcXMldOP31IziSgbL',0,NULL,1795251600000,NULL,NULL,NULL,NULL);
CREATE TABLE "invite_only_invites" (
      id text primary key,
      app_id text not null,
      email text,
      email_canonical text,
      email_at text,
      email_domain text,
      code_hash text not null,
      code_sealed text not null,
      code_generation integer not null default 1 check (code_generation >= 1),
      role text,
      org_id text,
      inviter_id text,
      inviter_email text,
      inviter_name text,
      message text,
      locale text,
      metadata text,
      max_uses integer check (max_uses >= 1),
      uses integer not null default 0 check (uses >= 0),
      held integer not null default 0 check (held >= 0),
      created_at integer not null,
      term_ms integer check (term_ms >= 1),
      expires_at integer,
      revoked_at integer,
      delivery_id text,
      check (max_uses is null or uses + held <= max_uses),
      check ((email is null) = (email_canonical is null) and (email is null) = (email_at is null)),
      check (email is null or (max_uses is not null and max_uses = 1 and email_domain is null))
    ) strict;
INSERT INTO "invite_only_invites" VALUES('XXW4hcXMldOP31IziSgbL','default','ada@example.com','ada@example.com','example.com',NULL,'Fxfydt6oQWwJrcmjqbc7BAsk9A389OuWVYkOIZRDR6Q','1.F7gn9yQv3O161hK5h8LXLSa7hSbCvTNQpnLRDvJnRh72eB5vSkKQHhHODnne_R43uv5X-ftumBW9Zd1rZxY',1,'nurse',NULL,NULL,NULL,NULL,NULL,NULL,'{"a":1}',1,0,0,1795251600000,604800000,1795856400000,NULL,'t66Ec6Ggs9uzjeWfD7dfX');
INSERT INTO "invite_only_invites" VALUES('1GYJJHGsq939FpHpav1CS','default',NULL,NULL,NULL,NULL,'otZNwkCCuPyop5Xcyfg56w4fgpcFxAloBk4eAixInI8','1.ZcZg3cnvMUckAjnT_2JHyii8fKqFn7rSqDoIJeQ7bVoC_7vajOVf-8l30LMOm4LtwQYexD7aT7m2KAU7-zE',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2,1,0,1795251600000,604800000,1795856400000,NULL,NULL);
CREATE TABLE "invite_only_migrations" (version integer primary key);
INSERT INTO "invite_only_migrations" VALUES(1);
CREATE TABLE "invite_only_settings" (
      app_id text primary key,
      mode text not null check (mode in ('open', 'invite-only', 'waitlist', 'closed')),
      updated_at integer not null
    ) strict;
INSERT INTO "invite_only_settings" VALUES('default','waitlist',1795251600000);
CREATE UNIQUE INDEX "invite_only_invites_code" on "invite_only_invites" (code_hash);
CREATE UNIQUE INDEX "invite_only_invites_pending" on "invite_only_invites" (app_id, email_canonical, coalesce(org_id, ''))
      where email_canonical is not null and revoked_at is null and uses = 0;
CREATE INDEX "invite_only_invites_list" on "invite_only_invites" (app_id, created_at, id);
CREATE INDEX "invite_only_invites_inviter" on "invite_only_invites" (app_id, inviter_id, created_at, id);
CREATE INDEX "invite_only_claims_invite" on "invite_only_claims" (invite_id, lapses_at);
CREATE UNIQUE INDEX "invite_only_acceptances_claim" on "invite_only_acceptances" (claim_id) where reopened_at is null;
CREATE UNIQUE INDEX "invite_only_acceptances_user" on "invite_only_acceptances" (invite_id, user_id)
      where user_id is not null and reopened_at is null;
CREATE INDEX "invite_only_acceptances_list" on "invite_only_acceptances" (app_id, accepted_at, id);
CREATE INDEX "invite_only_deliveries_due" on "invite_only_deliveries" (next_attempt_at)
      where sent_at is null and failed_at is null and canceled_at is null;
CREATE INDEX "invite_only_deliveries_invite" on "invite_only_deliveries" (invite_id);
COMMIT;
