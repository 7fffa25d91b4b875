-- What refunds took of what a purchase earned, also where the points had expired or were adjusted away: the points
-- that tiers and leaderboards count are those earned less these. At least what was reversed.
alter table points_lots add column unearned bigint not null default 0
  check (unearned >= 0 and unearned <= earned);

update points_lots set unearned = reversed + owed where reversed + owed > 0;

-- What a report counts for in the spend of its guest, in the chain's reporting currency: 0 while it waits and where it
-- is another purchase; of those told of before nobody has kept it.
alter table reported_purchases add column spend bigint check (spend >= 0);
