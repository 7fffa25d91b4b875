-- A refund counts a run anew from the visits that remain: what it was before its last period is needed no more.
alter table streak_runs drop column before_start;

alter table streak_runs drop column before_periods;
