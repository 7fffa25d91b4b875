-- What is regulated at a venue: items of these classes take no comp, BOGO, combo, free item or points.
alter table venues add column regulated text not null default '["ALCOHOL"]';
