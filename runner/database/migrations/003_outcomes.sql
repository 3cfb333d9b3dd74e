-- What recommendations and advice are followed up by.

-- The date that stood for today when it was raised: `as_of` moves on with every run that finds it again. Null on rows
-- of before.
alter table {ops}.recommendations add column raised_as_of date;

-- The date that stood for today at the step: the clock's differs under an as-of in the past. Null on rows of before.
alter table {ops}.recommendation_events add column as_of date;

-- Every advice alignment ever published. `alignment_recommendations` holds the newest alone.
create table {ops}.alignment_advice (
    vendor_id text not null,
    dealer_id text not null,
    collection_id text not null,
    type text not null check (type in ('KEEP', 'DROP', 'ADD')),
    -- As-of dates of the first and the newest publication that gave it.
    first_advised date not null,
    last_advised date not null,
    -- The day by which an ADD was carried or a DROP was gone; null until a run saw it, and always for KEEP.
    followed_on date,
    primary key (vendor_id, dealer_id, collection_id, type, first_advised),
    check (first_advised <= last_advised),
    check (first_advised <= followed_on)
)
-- Most rows are updated by every run: room beside each saves their index entries.
with (fillfactor = 50);

-- An advice stands until it is followed. Given once more after that, it is another one.
create unique index alignment_advice_standing on {ops}.alignment_advice (vendor_id, dealer_id, collection_id, type)
where followed_on is null;

insert into {ops}.alignment_advice (vendor_id, dealer_id, collection_id, type, first_advised, last_advised)
select vendor_id, dealer_id, collection_id, type, as_of, as_of
from {ops}.alignment_recommendations;
