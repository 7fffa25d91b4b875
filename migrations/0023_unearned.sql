-- What refunds took of what a purchase earned, also where the points had expired or were adjusted away: the points
-- that tiers and leaderboards count are those earned less these. At least what was reversed.
alter table points_lots add column unearned bigint not null default 0
  check (unearned >= 0 and unearned <= earned);

update points_lots set unearned = reversed + owed where reversed + owed > 0;
