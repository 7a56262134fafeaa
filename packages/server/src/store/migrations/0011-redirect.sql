-- A plan may send its letters to a place that was chosen.
alter table plan
  drop constraint plan_destination_check,
  add constraint plan_destination_check check (destination in ('lane', 'origin', 'place')),
  add column to_broker text,
  add column to_place text,
  -- {system, consumers, facts}: what its broker said of the place when the plan was made
  add column target jsonb,
  -- [{what, name, letters}]: what the place's broker cannot carry as it was
  add column changes jsonb not null default '[]',
  add constraint plan_target check (
    (destination = 'place') = (to_broker is not null) and (destination = 'place') = (to_place is not null) and (destination = 'place') = (target is not null)
  );

-- Why letters go there: null by their own lane or origin; else somebody chose it. foreign: they come from another system, so that one's settings
-- of a message mean nothing there.
alter table plan_place add column redirect text check (redirect in ('same', 'foreign'));
